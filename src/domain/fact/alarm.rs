//! What an operator must know.

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use crate::domain::{
    cost::Period,
    delivery::FailureKind,
    fact::Unproven,
    id::{MethodId, PostCode, ResponderId},
    policy::PolicyRef,
};

/// What an operator must know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "alarm")]
pub enum Alarm {
    /// A step or warning reached nobody at all.
    NobodyToPage {
        /// What was due: `step 2`, `warning 75%`.
        step: String,
    },
    /// Everybody whom a step or warning reaches has said that it is not theirs; they were told all
    /// the same.
    AllRefused {
        /// What was due: `step 2`, `warning 75%`.
        step: String,
    },
    /// Nobody is on duty at a desk that was to be told; whoever comes next in the policy is told.
    NobodyOnDuty {
        /// The desk's post.
        post: PostCode,
    },
    /// At a desk nobody will be who could be told, for a time that is to come.
    DeskUnattended {
        /// The desk.
        post: PostCode,
        /// The first moment.
        from: Timestamp,
        /// The first moment no longer, as far as was looked.
        until: Timestamp,
    },
    /// Every way to a person failed.
    Unreachable {
        /// Who.
        responder: ResponderId,
    },
    /// The policy ended without an answer.
    Exhausted,
    /// The clock has stood still for long: does the source still know of it?
    PausedLong {
        /// Since when.
        since: Timestamp,
    },
    /// A contact method's address is wrong.
    WrongAddress {
        /// Whose.
        responder: ResponderId,
        /// Which.
        method: MethodId,
    },
    /// A person's last contact method has gone out of use: nobody can be reached there.
    NoMethodLeft {
        /// Whose.
        responder: ResponderId,
    },
    /// A person has asked for no more pages by the last contact method in use; it is kept.
    LastMethodKept {
        /// Whose.
        responder: ResponderId,
    },
    /// A gateway refuses our account, template or settings.
    GatewayMisconfigured {
        /// Which gateway.
        gateway: String,
    },
    /// A gateway is down; messages go by another where there is one. Told once an outage by each
    /// process.
    GatewayDown {
        /// Which gateway.
        gateway: String,
        /// What its last failure was.
        why: FailureKind,
    },
    /// A gateway that was down carries messages again.
    GatewayBack {
        /// Which gateway.
        gateway: String,
        /// Since when it had been down.
        down_since: Timestamp,
    },
    /// A gateway's test was not passed. Told once until one is.
    SelfTestFailing {
        /// Which gateway.
        gateway: String,
        /// Why.
        why: Unproven,
    },
    /// A gateway's test is passed again.
    SelfTestWell {
        /// Which gateway.
        gateway: String,
        /// Since when its tests had failed.
        failing_since: Timestamp,
    },
    /// Something could not be processed, and nothing lay among the dead letters before.
    DeadLetters {
        /// What it was, cut.
        first: String,
    },
    /// The costs have reached a share of their ceiling. Told once a share and period.
    CostCeiling {
        /// The day's or the month's.
        period: Period,
        /// The period's first day.
        from: Date,
        /// The share, in percent.
        percent: u8,
        /// What was spent, in the currency's whole units.
        spent: u64,
        /// What may be.
        ceiling: u64,
    },
    /// A silence holds pages of missed deadlines. Told once a silence.
    MissesHeld {
        /// Which silence.
        silence: u64,
        /// Until when, as far as can be said.
        until: Timestamp,
    },
    /// The calendar has no open time for this promise.
    NoDeadline,
    /// A message template failed; its messages go out in the shipped words, or in plain ones. Told
    /// once a template and hour.
    TemplateFailed {
        /// Its name: `sms/alert.id.txt`.
        template: String,
        /// What failed, and what to do.
        why: String,
    },
    /// WhatsApp carries nothing by one of our templates, which go by other ways instead. Told once a
    /// gateway, template and hour.
    TemplateRefused {
        /// Which gateway; `whatsapp` where a later receipt said so.
        gateway: String,
        /// Name and language: `siaga_aduan_kabar.id`.
        template: String,
        /// What was said of it, and what to do.
        why: String,
    },
    /// The version of a policy under which complaints run is gone or was altered; the default policy
    /// stands in for it. Told once by each process.
    PolicyVersionLost {
        /// Which.
        policy: PolicyRef,
    },
    /// A change did not fit when it was to take force; what was live stays.
    ChangeRefused {
        /// Its number.
        change: u64,
        /// What did not fit.
        why: String,
    },
    /// A calendar that is asked who stands by cannot be had or used; what was known of it stays in force. Told
    /// once an hour.
    CalendarUnread {
        /// Its name in the settings.
        calendar: String,
        /// Why, and what to do.
        why: String,
    },
    /// What is live does not fit together, because it was altered by hand; the running services keep
    /// what they have. Told once by each process.
    LiveUnusable {
        /// What does not fit.
        why: String,
    },
}
