//! The reasons and alarms of facts in words.

use jiff::{SignedDuration, Timestamp};

use crate::domain::{
    cost::Thrift,
    escalation::Order,
    fact::{
        Alarm, CancelReason, DeferReason, FoldReason, NewsKind, SelfTestStep, SilenceAct,
        SkipReason, Unproven,
    },
    id::{MethodId, ResponderId},
    message::CheckKind,
    policy::PolicyRef,
};

pub(super) fn folded(what: &[String], why: FoldReason, id: bool) -> String {
    let why = match (why, id) {
        (FoldReason::Late, true) => "sistem terlambat",
        (FoldReason::Late, false) => "the system was late",
        (FoldReason::ByHand, true) => "dimajukan ke langkah berikutnya",
        (FoldReason::ByHand, false) => "a later step was ordered by hand",
        (FoldReason::Held, true) => "tertahan masa tunggu",
        (FoldReason::Held, false) => "held by an acknowledgement",
        (FoldReason::DeadlinePassed, true) => "tenggat sudah lewat",
        (FoldReason::DeadlinePassed, false) => "the deadline has passed",
        (FoldReason::SameMoment, true) => "jatuh tempo bersamaan",
        (FoldReason::SameMoment, false) => "due at the same moment",
    };
    let what = what.join(", ");
    if id {
        format!("Digabung ({why}): {what}")
    } else {
        format!("Folded into a later one ({why}): {what}")
    }
}

/// Moved to another policy, by whom and why.
pub(super) fn moved(
    from: &PolicyRef,
    to: &PolicyRef,
    (by, reason): (&str, &str),
    id: bool,
) -> String {
    let named = |policy: &PolicyRef| format!("{}@{}", policy.id, policy.version);
    let (from, to) = (named(from), named(to));
    if id {
        format!("Dipindahkan dari kebijakan {from} ke {to} oleh {by}: {reason}")
    } else {
        format!("Moved from policy {from} to {to} by {by}: {reason}")
    }
}

pub(super) fn acknowledged(by: &str, waiting: &[String], id: bool) -> String {
    let waiting = waiting.join(", ");
    match (id, waiting.is_empty()) {
        (true, true) => format!("Diterima oleh {by}"),
        (false, true) => format!("Acknowledged by {by}"),
        (true, false) => format!("Diterima oleh {by}, masih menunggu {waiting}"),
        (false, false) => format!("Acknowledged by {by}, still waiting for {waiting}"),
    }
}

pub(super) fn silence(number: u64, act: &SilenceAct, id: bool) -> String {
    match (act, id) {
        (SilenceAct::Declared { silence }, true) => format!(
            "Jeda {number} sampai {:.0} dinyatakan oleh {}: {}",
            silence.until, silence.owner, silence.reason
        ),
        (SilenceAct::Declared { silence }, false) => format!(
            "Silence {number} until {:.0} was declared by {}: {}",
            silence.until, silence.owner, silence.reason
        ),
        (SilenceAct::Ended { by, reason }, true) => {
            format!("Jeda {number} diakhiri oleh {by}: {reason}")
        }
        (SilenceAct::Ended { by, reason }, false) => {
            format!("Silence {number} was ended by {by}: {reason}")
        }
    }
}

pub(super) fn check_asked(check: CheckKind, id: bool) -> &'static str {
    match (check, id) {
        (CheckKind::Verify, true) => "Ditanya apakah kontak ini miliknya",
        (CheckKind::Verify, false) => "Asked whether this contact is theirs",
        (CheckKind::Test, true) => "Uji coba dikirim",
        (CheckKind::Test, false) => "A test page was ordered",
    }
}

pub(super) fn check_answered(check: CheckKind, after: SignedDuration, id: bool) -> String {
    let seconds = after.as_secs();
    match (check, id) {
        (CheckKind::Verify, true) => format!("Kontak terbukti miliknya setelah {seconds} detik"),
        (CheckKind::Verify, false) => format!("The contact was proved after {seconds} seconds"),
        (CheckKind::Test, true) => format!("Uji coba dijawab setelah {seconds} detik"),
        (CheckKind::Test, false) => format!("The test was answered after {seconds} seconds"),
    }
}

/// `on` is the title of the post that is asked next, on a chain that leads up.
pub(super) fn skipped(target: &str, why: SkipReason, on: Option<&str>, id: bool) -> String {
    let why = match (why, id) {
        (SkipReason::Vacant, true) => "jabatan kosong",
        (SkipReason::Vacant, false) => "the post is vacant",
        (SkipReason::NoSuchPost, true) => "jabatan tidak ada",
        (SkipReason::NoSuchPost, false) => "no such post",
        (SkipReason::UnknownResponder, true) => "pejabat tidak terdaftar",
        (SkipReason::UnknownResponder, false) => "holder not in the directory",
        (SkipReason::NoContactMethod, true) => "tidak punya kontak aktif",
        (SkipReason::NoContactMethod, false) => "no contact method in use",
        (SkipReason::Answered, true) => "sudah menjawab",
        (SkipReason::Answered, false) => "has answered",
        (SkipReason::Refused, true) => "sudah menyatakan bukan wewenangnya",
        (SkipReason::Refused, false) => "has said it is not theirs",
        (SkipReason::NobodyOnDuty, true) => "tidak ada yang piket",
        (SkipReason::NobodyOnDuty, false) => "nobody is on duty",
        (SkipReason::NoneAbove, true) => "tidak ada jabatan di atas kepala unit",
        (SkipReason::NoneAbove, false) => "no post stands above the head of the unit",
    };
    match (on, id) {
        (None, true) => format!("{target} dilewati: {why}"),
        (None, false) => format!("{target} skipped: {why}"),
        (Some(on), true) => format!("{target} dilewati: {why}, dilanjutkan ke {on}"),
        (Some(on), false) => format!("{target} skipped: {why}, going on to {on}"),
    }
}

pub(super) fn deferred(method: &MethodId, until: Timestamp, why: DeferReason, id: bool) -> String {
    let why = match (why, id) {
        (DeferReason::NoRoom, true) => "batas kirim tercapai",
        (DeferReason::NoRoom, false) => "the sending limit is reached",
        (DeferReason::Resting, true) => "gerbang minta jeda",
        (DeferReason::Resting, false) => "the gateway asks for a rest",
        (DeferReason::CostCeiling, true) => "pagu biaya tercapai",
        (DeferReason::CostCeiling, false) => "the cost ceiling is reached",
        (DeferReason::Silenced { silence }, true) => {
            return format!("{method} ditahan oleh jeda {silence} sampai {until:.0}");
        }
        (DeferReason::Silenced { silence }, false) => {
            return format!("{method} is held by silence {silence} until {until:.0}");
        }
        (DeferReason::Maintained { .. }, true) => "gerbang dalam pemeliharaan",
        (DeferReason::Maintained { .. }, false) => "the gateway is being maintained",
    };
    if id {
        format!("{method} menunggu sampai sekitar {until:.0} ({why})")
    } else {
        format!("{method} waits until about {until:.0} ({why})")
    }
}

pub(super) fn spared(method: &MethodId, why: Thrift, id: bool) -> String {
    let why = match (why, id) {
        (Thrift::Spent, true) => "pagu biaya tercapai",
        (Thrift::Spent, false) => "the cost ceiling is reached",
        (Thrift::Easy | Thrift::Careful, true) => "hemat biaya",
        (Thrift::Easy | Thrift::Careful, false) => "to save costs",
    };
    if id {
        format!("{method} dilewati: {why}")
    } else {
        format!("{method} passed over: {why}")
    }
}

pub(super) fn cancelled(why: CancelReason, id: bool) -> &'static str {
    match (why, id) {
        (CancelReason::Acknowledged, true) => "sudah diterima",
        (CancelReason::Acknowledged, false) => "acknowledged",
        (CancelReason::Refused, true) => "ditolak",
        (CancelReason::Refused, false) => "refused",
        (CancelReason::Progressed, true) => "ada kemajuan",
        (CancelReason::Progressed, false) => "progress shown",
        (CancelReason::Paused, true) => "waktu berhenti",
        (CancelReason::Paused, false) => "clock paused",
        (CancelReason::Closed, true) => "aduan ditutup",
        (CancelReason::Closed, false) => "complaint closed",
        (CancelReason::Superseded, true) => "diganti yang lebih baru",
        (CancelReason::Superseded, false) => "a later page took its place",
        (CancelReason::Reassigned, true) => "dialihkan",
        (CancelReason::Reassigned, false) => "reassigned",
        (CancelReason::CostCeiling, true) => "pagu biaya tercapai",
        (CancelReason::CostCeiling, false) => "the cost ceiling is reached",
    }
}

pub(super) fn self_tested(gateway: &str, number: u64, step: &SelfTestStep, id: bool) -> String {
    let which = if id {
        format!("Uji {number} gerbang {gateway}")
    } else {
        format!("Test {number} of gateway {gateway}")
    };
    let what = match (step, id) {
        (SelfTestStep::Begun { .. }, true) => "dimulai".to_owned(),
        (SelfTestStep::Begun { .. }, false) => "begun".to_owned(),
        (SelfTestStep::Passed { took }, true) => format!("berhasil dalam {took:#}"),
        (SelfTestStep::Passed { took }, false) => format!("passed in {took:#}"),
        (SelfTestStep::Failed { why }, true) => format!("gagal: {}", unproven(why, id)),
        (SelfTestStep::Failed { why }, false) => format!("failed: {}", unproven(why, id)),
        (SelfTestStep::Abandoned, true) => "terputus di pihak kita".to_owned(),
        (SelfTestStep::Abandoned, false) => "broken off on our side".to_owned(),
    };
    format!("{which}: {what}")
}

fn unproven(why: &Unproven, id: bool) -> String {
    match (why, id) {
        (Unproven::NotSent { kind }, true) => format!("pesan uji ditolak: {}", kind.as_str()),
        (Unproven::NotDelivered, true) => "pesan uji tidak tersampaikan".to_owned(),
        (Unproven::NothingCame, true) => "pesan uji tidak terbukti tiba tepat waktu".to_owned(),
        (why, false) => why.to_string(),
    }
}

pub(super) fn alarmed(alarm: &Alarm, person: &impl Fn(&ResponderId) -> String, id: bool) -> String {
    match (alarm, id) {
        (Alarm::NobodyToPage { step }, true) => {
            format!("ALARM: tidak ada yang bisa dipanggil ({step})")
        }
        (Alarm::NobodyToPage { step }, false) => format!("ALARM: nobody to page ({step})"),
        (Alarm::DeskUnattended { post, from, until }, true) => {
            format!("ALARM: tidak ada yang piket di {post} dari {from:.0} sampai {until:.0}")
        }
        (Alarm::DeskUnattended { post, from, until }, false) => {
            format!("ALARM: nobody will be on duty at {post} from {from:.0} until {until:.0}")
        }
        (Alarm::CalendarUnread { calendar, why }, true) => {
            format!("ALARM: kalender {calendar} tidak dapat dipakai: {why}")
        }
        (Alarm::CalendarUnread { calendar, why }, false) => {
            format!("ALARM: the calendar {calendar} cannot be used: {why}")
        }
        (Alarm::NobodyOnDuty { post }, true) => format!("ALARM: tidak ada yang piket di {post}"),
        (Alarm::NobodyOnDuty { post }, false) => format!("ALARM: nobody is on duty at {post}"),
        (Alarm::AllRefused { step }, true) => {
            format!("ALARM: semua menyatakan bukan wewenangnya, tetap dipanggil ({step})")
        }
        (Alarm::AllRefused { step }, false) => {
            format!("ALARM: all said it is not theirs, paged all the same ({step})")
        }
        (Alarm::Unreachable { responder }, true) => {
            format!("ALARM: {} tidak terjangkau", person(responder))
        }
        (Alarm::Unreachable { responder }, false) => {
            format!("ALARM: {} unreachable", person(responder))
        }
        (Alarm::Exhausted, true) => "ALARM: kebijakan habis tanpa jawaban".into(),
        (Alarm::Exhausted, false) => "ALARM: the policy ended without an answer".into(),
        (Alarm::PausedLong { since }, true) => format!("ALARM: waktu berhenti sejak {since}"),
        (Alarm::PausedLong { since }, false) => format!("ALARM: paused since {since}"),
        (Alarm::WrongAddress { responder, method }, true) => {
            format!("ALARM: alamat {method} milik {} salah", person(responder))
        }
        (Alarm::WrongAddress { responder, method }, false) => format!(
            "ALARM: the address {method} of {} is wrong",
            person(responder)
        ),
        (Alarm::NoMethodLeft { responder }, true) => {
            format!("ALARM: {} tidak punya kontak aktif lagi", person(responder))
        }
        (Alarm::NoMethodLeft { responder }, false) => {
            format!("ALARM: {} has no contact method left", person(responder))
        }
        (Alarm::LastMethodKept { responder }, true) => format!(
            "ALARM: {} minta berhenti di kontak terakhirnya; kontak itu tetap dipakai",
            person(responder)
        ),
        (Alarm::LastMethodKept { responder }, false) => format!(
            "ALARM: {} asked to stop the last contact method; it is kept",
            person(responder)
        ),
        (Alarm::GatewayMisconfigured { gateway }, true) => {
            format!("ALARM: gerbang {gateway} menolak pengaturan kita")
        }
        (Alarm::GatewayMisconfigured { gateway }, false) => {
            format!("ALARM: gateway {gateway} refuses our settings")
        }
        (Alarm::GatewayDown { gateway, .. }, true) => format!("ALARM: gerbang {gateway} mati"),
        (Alarm::GatewayDown { gateway, .. }, false) => format!("ALARM: gateway {gateway} is down"),
        (Alarm::GatewayBack { gateway, .. }, true) => format!("gerbang {gateway} pulih"),
        (Alarm::GatewayBack { gateway, .. }, false) => format!("gateway {gateway} is back"),
        (Alarm::SelfTestFailing { gateway, why }, true) => {
            format!("ALARM: uji gerbang {gateway} gagal ({})", unproven(why, id))
        }
        (Alarm::SelfTestFailing { gateway, why }, false) => {
            format!(
                "ALARM: the test of gateway {gateway} failed ({})",
                unproven(why, id)
            )
        }
        (Alarm::SelfTestWell { gateway, .. }, true) => {
            format!("uji gerbang {gateway} berhasil lagi")
        }
        (Alarm::SelfTestWell { gateway, .. }, false) => {
            format!("the test of gateway {gateway} is passed again")
        }
        (Alarm::DeadLetters { first }, true) => {
            format!("ALARM: ada yang tidak dapat diproses ({first}); lihat dead-letters")
        }
        (Alarm::DeadLetters { first }, false) => {
            format!("ALARM: something could not be processed ({first}); see dead-letters")
        }
        (
            Alarm::CostCeiling {
                percent,
                spent,
                ceiling,
                from,
                ..
            },
            true,
        ) => format!("ALARM: biaya sejak {from} mencapai {percent}% pagu ({spent} dari {ceiling})"),
        (
            Alarm::CostCeiling {
                percent,
                spent,
                ceiling,
                from,
                ..
            },
            false,
        ) => format!(
            "ALARM: the costs since {from} have reached {percent}% of their ceiling ({spent} of {ceiling})"
        ),
        (Alarm::MissesHeld { silence, until }, true) => {
            format!("ALARM: jeda {silence} menahan panggilan yang lewat tenggat sampai {until:.0}")
        }
        (Alarm::MissesHeld { silence, until }, false) => {
            format!("ALARM: silence {silence} holds pages of missed deadlines until {until:.0}")
        }
        (Alarm::NoDeadline, true) => "ALARM: kalender tidak memberi tenggat".into(),
        (Alarm::NoDeadline, false) => "ALARM: the calendar gives no deadline".into(),
        (Alarm::TemplateFailed { template, why }, true) => {
            format!("ALARM: templat pesan {template} gagal, dipakai kata-kata bawaan: {why}")
        }
        (Alarm::TemplateFailed { template, why }, false) => {
            format!("ALARM: message template {template} failed, plain words are used: {why}")
        }
        (
            Alarm::TemplateRefused {
                gateway,
                template,
                why,
            },
            true,
        ) => format!("ALARM: gerbang {gateway} menolak templat {template}: {why}"),
        (
            Alarm::TemplateRefused {
                gateway,
                template,
                why,
            },
            false,
        ) => format!("ALARM: gateway {gateway} refuses template {template}: {why}"),
        (Alarm::PolicyVersionLost { policy }, true) => format!(
            "ALARM: kebijakan {}@{} hilang, kebijakan baku menggantikannya",
            policy.id, policy.version
        ),
        (Alarm::PolicyVersionLost { policy }, false) => format!(
            "ALARM: policy {}@{} is lost, the default one stands in for it",
            policy.id, policy.version
        ),
        (Alarm::ChangeRefused { change, why }, true) => {
            format!("ALARM: perubahan {change} tidak diberlakukan: {why}")
        }
        (Alarm::ChangeRefused { change, why }, false) => {
            format!("ALARM: change {change} was not put in force: {why}")
        }
        (Alarm::LiveUnusable { why }, true) => {
            format!("ALARM: aturan yang berlaku tidak dapat dipakai: {why}")
        }
        (Alarm::LiveUnusable { why }, false) => {
            format!("ALARM: what is live cannot be used: {why}")
        }
    }
}

pub(super) fn informed(news: NewsKind, id: bool) -> String {
    let what = match (news, id) {
        (NewsKind::Taken, true) => "sudah diambil",
        (NewsKind::Taken, false) => "somebody took it on",
        (NewsKind::Progressed, true) => "sudah ada kemajuan",
        (NewsKind::Progressed, false) => "progress was shown",
        (NewsKind::Closed, true) => "sudah ditutup",
        (NewsKind::Closed, false) => "it is closed",
    };
    if id {
        format!("Dikabari: {what}, tidak perlu balas")
    } else {
        format!("Told that no answer is needed: {what}")
    }
}

/// What an operator ordered, by whom and why.
pub(super) fn ordered(by: &str, reason: &str, order: &Order, id: bool) -> String {
    let what = match (order, id) {
        (Order::PageAgain { responder }, true) => format!("{responder} dipanggil lagi"),
        (Order::PageAgain { responder }, false) => format!("{responder} is paged again"),
        (Order::Escalate { to_step, .. }, true) => {
            let to = to_step.map(|step| format!(" sampai langkah {}", step + 1));
            format!("Eskalasi dimajukan{}", to.unwrap_or_default())
        }
        (Order::Escalate { to_step, .. }, false) => {
            let to = to_step.map(|step| format!(" up to step {}", step + 1));
            format!("Escalated before its time{}", to.unwrap_or_default())
        }
    };
    let on_behalf = if id { "oleh" } else { "by" };
    format!("{what} {on_behalf} {by}: {reason}")
}
