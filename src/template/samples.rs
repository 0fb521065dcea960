//! One of everything that can be said, to try every template with.

use jiff::{SignedDuration, Timestamp};

use super::Recipient;
use crate::domain::{
    bundle::{Bundle, Member},
    calendar::Counted,
    delivery::Transport,
    directory::Language,
    id::{ComplaintId, PageId, ResponderId},
    message::{Alert, CheckKind, Choice, Content, News, NewsItem, Notice, OpenAsk, ReplyNote},
    policy::{Lacks, Reach},
};

/// The moment at which the samples are told: 24 Nov 2026 13.27 WIB, the deadline of most of them.
pub const SAMPLE_NOW: Timestamp = Timestamp::constant(1_795_501_620, 0);

/// The complaints of the samples that are about several.
pub const SAMPLE_TICKETS: [&str; 3] = ["LGWP14376928", "LGWP14376931", "LGWP14376950"];

/// Every circumstance a template must do for.
pub(crate) fn circumstances() -> Vec<Recipient> {
    let mut all = Vec::new();
    for transport in Transport::ALL {
        for language in [Language::Id, Language::En] {
            for two_way in [true, false] {
                for link in [None, Some("https://siaga.example/a/x7Kp".to_owned())] {
                    all.push(Recipient {
                        transport,
                        language,
                        two_way,
                        whatsapp_window_open: true,
                        links: SAMPLE_TICKETS
                            .iter()
                            .filter_map(|ticket| ComplaintId::parse(ticket).ok())
                            .filter_map(|complaint| Some((complaint, link.clone()?)))
                            .collect(),
                        link,
                    });
                }
            }
        }
    }
    all
}

/// Every kind of content, named, as at [`SAMPLE_NOW`].
pub fn samples() -> Vec<(&'static str, Content)> {
    let Ok(complaint) = ComplaintId::parse("LGWP14376928") else {
        return Vec::new();
    };
    let Ok(second) = ComplaintId::parse("LGWP14376931") else {
        return Vec::new();
    };
    let hours = SignedDuration::from_hours;
    let missed = Alert {
        complaint: complaint.clone(),
        category: Some("Infrastruktur".to_owned()),
        area: Some("Kab. Pati".to_owned()),
        unit: Some("DISHUB".into()),
        short_title: "Ka DISHUB".into(),
        title: "Kepala Dinas Perhubungan".into(),
        notice: Notice::Missed,
        from: None,
        proposed: None,
        received_at: SAMPLE_NOW - hours(24),
        deadline: SAMPLE_NOW,
        promise: hours(24),
        counted: Counted::EveryHour,
        lacks: None,
        zone: Some("Asia/Jakarta".into()),
        code: Some(12),
    };
    let left = SignedDuration::from_mins(330);
    let late = hours(27);
    let alert = |change: &dyn Fn(&mut Alert)| {
        let mut alert = missed.clone();
        change(&mut alert);
        Content::Alert(alert)
    };
    let moved = |alert: &mut Alert, by: SignedDuration| {
        alert.received_at += by;
        alert.deadline += by;
    };
    let ask = |code, complaint: &ComplaintId| OpenAsk {
        code,
        complaint: complaint.clone(),
    };
    let open = || vec![ask(Some(12), &complaint), ask(Some(13), &second)];
    let mut all = vec![
        (
            "warning",
            alert(&|a| {
                a.notice = Notice::Warning { percent: 75 };
                moved(a, left);
            }),
        ),
        (
            "warning_in_another_zone",
            alert(&|a| {
                a.notice = Notice::Warning { percent: 50 };
                a.zone = Some("Asia/Makassar".into());
                moved(a, left + hours(14));
            }),
        ),
        ("missed", alert(&|_| ())),
        (
            "missed_by_working_days",
            alert(&|a| {
                a.promise = hours(72);
                a.counted = Counted::WorkingDays;
                a.received_at -= hours(96);
            }),
        ),
        (
            "missed_by_a_further_clock",
            alert(&|a| {
                a.promise = hours(120);
                a.counted = Counted::WorkingDays;
                a.lacks = Some(Box::new(Lacks {
                    id: "ditindaklanjuti".to_owned(),
                    en: "follow-up".to_owned(),
                }));
                a.received_at -= hours(144);
            }),
        ),
        ("missed_without_code", alert(&|a| a.code = None)),
        (
            "missed_bare",
            alert(&|a| {
                a.category = None;
                a.area = None;
                a.unit = None;
                a.short_title = "Plt. Ka DISHUB".into();
            }),
        ),
        (
            "missed_long",
            alert(&|a| {
                a.category = Some("Lingkungan Hidup dan Kehutanan".to_owned());
                a.area = Some("Kec. Karanganyar, Kab. Purbalingga".to_owned());
                a.short_title = "Plt. Ka DINPERMADESDUKCAPIL".into();
            }),
        ),
        (
            "still_missed",
            alert(&|a| {
                a.notice = Notice::StillMissed;
                moved(a, -late);
            }),
        ),
        (
            "refused_in_time",
            alert(&|a| {
                a.notice = Notice::Refused;
                a.short_title = "Koordinator Aduan".into();
                a.title = "Koordinator Aduan Provinsi".into();
                moved(a, left);
            }),
        ),
        (
            "refused_late",
            alert(&|a| {
                a.notice = Notice::Refused;
                a.short_title = "Koordinator Aduan".into();
                a.title = "Koordinator Aduan Provinsi".into();
                moved(a, -hours(2));
            }),
        ),
        (
            "refused_with_proposal",
            alert(&|a| {
                a.notice = Notice::Refused;
                a.proposed = Some("DPUBMCK".to_owned());
                a.short_title = "Koordinator Aduan".into();
                a.title = "Koordinator Aduan Provinsi".into();
                moved(a, left);
            }),
        ),
        (
            "handed_over",
            alert(&|a| {
                a.notice = Notice::HandedOver;
                a.from = Some("Ka DISHUB".to_owned());
                a.short_title = "Sekr DISHUB".into();
                a.title = "Sekretaris Dinas Perhubungan".into();
                moved(a, left);
            }),
        ),
    ];
    all.extend(bundles(&missed));
    let choice = |shown: &str| Choice {
        shown: shown.to_owned(),
        words: shown.to_owned(),
    };
    let taken = News::Taken {
        by: "Ka DISHUB".to_owned(),
        at: SAMPLE_NOW - SignedDuration::from_mins(3),
        zone: None,
    };
    let news = |items: &[(&ComplaintId, News)]| ReplyNote::News {
        items: items
            .iter()
            .map(|(complaint, news)| NewsItem {
                complaint: (*complaint).clone(),
                news: news.clone(),
            })
            .collect(),
    };
    let notes = [
        (
            "acknowledged",
            ReplyNote::Acknowledged {
                complaint: complaint.clone(),
                hold_until: SAMPLE_NOW + hours(2),
                zone: Some("Asia/Makassar".into()),
                waiting: None,
            },
        ),
        (
            "acknowledged_in_part",
            ReplyNote::Acknowledged {
                complaint: complaint.clone(),
                hold_until: SAMPLE_NOW + hours(2),
                zone: None,
                waiting: Some("Sekretaris DISHUB, Asisten SETDA".to_owned()),
            },
        ),
        (
            "already_acknowledged",
            ReplyNote::AlreadyAcknowledged {
                complaint: complaint.clone(),
                by: "Sekretaris DISHUB".to_owned(),
            },
        ),
        (
            "refused",
            ReplyNote::Refused {
                complaint: complaint.clone(),
                passed_to: Some("Koordinator Aduan".to_owned()),
                proposed: None,
            },
        ),
        (
            "refused_with_proposal",
            ReplyNote::Refused {
                complaint: complaint.clone(),
                passed_to: Some("Koordinator Aduan".to_owned()),
                proposed: Some("DPUBMCK".to_owned()),
            },
        ),
        (
            "handed_over",
            ReplyNote::HandedOver {
                complaint: complaint.clone(),
                to: "Sekretaris Dinas Perhubungan".to_owned(),
            },
        ),
        (
            "to_whom",
            ReplyNote::ToWhom {
                complaint: Some(complaint.clone()),
                key: "12".to_owned(),
                choices: vec![choice("DPUBMCK"), choice("DPUSDATARU")],
            },
        ),
        (
            "to_this_one",
            ReplyNote::ToWhom {
                complaint: None,
                key: "SEMUA".to_owned(),
                choices: vec![choice("Sekr DISPERMADESDUKCAPIL")],
            },
        ),
        (
            "refused_to_nobody",
            ReplyNote::Refused {
                complaint: complaint.clone(),
                passed_to: None,
                proposed: None,
            },
        ),
        ("news_taken", news(&[(&complaint, taken.clone())])),
        ("news_progressed", news(&[(&complaint, News::Progressed)])),
        ("news_closed", news(&[(&complaint, News::Closed)])),
        (
            "news_several",
            news(&[(&complaint, taken), (&second, News::Closed)]),
        ),
        (
            "no_longer_open",
            ReplyNote::NoLongerOpen {
                complaint: complaint.clone(),
            },
        ),
        (
            "several_accepted",
            ReplyNote::Several {
                count: 7,
                accepted: true,
            },
        ),
        (
            "several_refused",
            ReplyNote::Several {
                count: 2,
                accepted: false,
            },
        ),
        (
            "which_one",
            ReplyNote::WhichOne {
                open: open(),
                more: 0,
            },
        ),
        (
            "list",
            ReplyNote::List {
                open: (0..8).map(|n| ask(Some(12 + n), &complaint)).collect(),
                more: 5,
            },
        ),
        (
            "list_without_codes",
            ReplyNote::List {
                open: vec![ask(None, &complaint), ask(None, &second)],
                more: 0,
            },
        ),
        (
            "list_of_nothing",
            ReplyNote::List {
                open: Vec::new(),
                more: 0,
            },
        ),
        (
            "unknown_code",
            ReplyNote::UnknownCode {
                code: "99".to_owned(),
                open: open(),
            },
        ),
        (
            "not_understood",
            ReplyNote::NotUnderstood {
                open: vec![ask(Some(12), &complaint)],
            },
        ),
        (
            "not_understood_nothing_open",
            ReplyNote::NotUnderstood { open: Vec::new() },
        ),
        ("nothing_open", ReplyNote::NothingOpen),
        ("wrong_number_noted", ReplyNote::WrongNumberNoted),
        (
            "verify",
            ReplyNote::Check {
                check: CheckKind::Verify,
                to: "Plt. Ka DISPERMADESDUKCAPIL".to_owned(),
                code: 123,
            },
        ),
        (
            "test_page",
            ReplyNote::Check {
                check: CheckKind::Test,
                to: "Plt. Ka DISPERMADESDUKCAPIL".to_owned(),
                code: 456,
            },
        ),
        ("verified", ReplyNote::Verified),
        ("test_answered", ReplyNote::TestAnswered),
        ("code_needed", ReplyNote::CodeNeeded),
        ("stopped", ReplyNote::Stopped),
        ("last_kept", ReplyNote::LastKept),
        ("last_stopped", ReplyNote::LastStopped),
        ("started", ReplyNote::Started),
    ];
    all.extend(
        notes
            .into_iter()
            .map(|(name, note)| (name, Content::Reply(note))),
    );
    all
}

/// Messages about several complaints, made from one.
fn bundles(missed: &Alert) -> Vec<(&'static str, Content)> {
    let member = |alert: Alert, paging| {
        let responder = ResponderId::parse("budi").ok()?;
        let page = PageId::of_paging(&alert.complaint, paging, &responder);
        let reach = Reach::InTurn;
        Some(Member { page, alert, reach })
    };
    let bundle = |alerts: Vec<Alert>| {
        let members = alerts.into_iter().zip(1..);
        let members = members.filter_map(|(alert, paging)| member(alert, paging));
        Content::Bundle(Bundle::of(members))
    };
    let three = |change: &dyn Fn(&mut Alert)| {
        let tickets = SAMPLE_TICKETS.into_iter().zip(12..);
        let alerts = tickets.filter_map(|(ticket, code)| {
            let mut alert = Alert {
                complaint: ComplaintId::parse(ticket).ok()?,
                code: Some(code),
                ..missed.clone()
            };
            change(&mut alert);
            Some(alert)
        });
        alerts.collect::<Vec<_>>()
    };
    let mut mixed = three(&|_| ());
    for (alert, hours) in mixed.iter_mut().zip([-27, -2, 6]) {
        alert.deadline += SignedDuration::from_hours(hours);
        alert.received_at += SignedDuration::from_hours(hours);
        alert.notice = match hours {
            -27 => Notice::StillMissed,
            -2 => Notice::Refused,
            _ => Notice::Warning { percent: 75 },
        };
        alert.unit = Some("DINKES".into());
    }
    let left = SignedDuration::from_mins(330);
    let flood = (0..40_u16).filter_map(|n| {
        Some(Alert {
            complaint: ComplaintId::parse(&format!("LGWP143770{n:02}")).ok()?,
            code: Some(12 + n),
            ..missed.clone()
        })
    });
    vec![
        ("bundle_mixed", bundle(mixed)),
        (
            "bundle_warnings",
            bundle(three(&|alert| {
                alert.notice = Notice::Warning { percent: 75 };
                alert.deadline += left;
                alert.received_at += left;
            })),
        ),
        (
            "bundle_without_codes",
            bundle(three(&|alert| alert.code = None)),
        ),
        ("bundle_flood", bundle(flood.collect())),
    ]
}
