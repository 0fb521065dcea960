//! What comes of an input, in the words of a story.

use super::*;

/// Everything that came of an input, in words.
pub(super) fn tell(start: Timestamp, now: Timestamp, transition: &Transition) -> String {
    let at = |at: Timestamp| shown(start, at);
    let late = |due: Timestamp| {
        if due == now {
            String::new()
        } else {
            format!(" due {}", shown(start, due))
        }
    };
    let until = |deadline: &Option<Timestamp>| {
        deadline.map_or("without deadline".to_owned(), |deadline| {
            format!("until {}", at(deadline))
        })
    };
    let since =
        |told: &Option<Timestamp>| told.map_or(String::new(), |told| format!(" @{}", at(told)));
    let notices: BTreeMap<&PageId, &Notice> = transition
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Page(order) => Some((&order.page, &order.alert.notice)),
            _ => None,
        })
        .collect();
    let mut words: Vec<String> = Vec::new();
    let mut paged: Vec<String> = Vec::new();
    let mut last_notice = Notice::Missed;
    for fact in &transition.facts {
        let word = match fact {
            What::Paged {
                page,
                responder,
                post,
                acting,
            } => {
                let own = responder.as_str().replacen('-', ".", 1) == post.as_str();
                let who = match acting {
                    Some(kind) => format!("{} as {} {post}", name(responder), kind.abbreviation()),
                    None if own => name(responder).to_owned(),
                    None => format!("{} as {post}", name(responder)),
                };
                let kind = notices[page];
                if paged.is_empty() || *kind != last_notice {
                    if !paged.is_empty() {
                        words.push(std::mem::take(&mut paged).join(", "));
                    }
                    last_notice = *kind;
                    let notice = match notices[page] {
                        Notice::Warning { .. } => "warning",
                        Notice::Missed => "missed",
                        Notice::StillMissed => "still",
                        Notice::Refused => "refused",
                        Notice::HandedOver => "handed over",
                    };
                    paged.push(format!("-> {notice}: {who}"));
                } else {
                    paged.push(who);
                }
                continue;
            }
            What::Opened { deadline, .. } => format!("opened {}", until(deadline)),
            What::Warned { percent, due_at } => format!("warned {percent}%{}", late(*due_at)),
            What::Missed {
                promise, deadline, ..
            } => format!("missed {promise} of {}", at(*deadline)),
            What::Stepped {
                round,
                step,
                time,
                due_at,
            } => {
                let round = if *round == 0 {
                    String::new()
                } else {
                    format!("round {round} ")
                };
                let again = if *time == 1 {
                    String::new()
                } else {
                    format!(" x{time}")
                };
                format!("{round}step {step}{again}{}", late(*due_at))
            }
            What::Folded { what, why } => {
                let why = match why {
                    FoldReason::ByHand => "by hand",
                    FoldReason::Late => "late",
                    FoldReason::Held => "held",
                    FoldReason::DeadlinePassed => "passed",
                    FoldReason::SameMoment => "together",
                };
                format!("folded {why} [{}]", what.join(", "))
            }
            What::Skipped { target, why, over } => {
                let why = match why {
                    SkipReason::Vacant => "vacant",
                    SkipReason::NoSuchPost => "no such post",
                    SkipReason::UnknownResponder => "unknown",
                    SkipReason::NoContactMethod => "no contact",
                    SkipReason::Refused => "refused",
                    SkipReason::Answered => "answered",
                    SkipReason::NobodyOnDuty => "nobody on duty",
                    SkipReason::NoneAbove => "none above",
                };
                let over = over.as_ref().map_or(String::new(), |over| {
                    let next = over.next.as_ref().map_or("nobody", |next| next.as_str());
                    format!(" {} > {next}", over.post)
                });
                format!("skip {target}{over} ({why})")
            }
            What::Acknowledged { by, until, .. } => {
                format!("held by {} until {}", name(by), at(*until))
            }
            What::AnswerWithoutEffect { why, .. } => match why {
                NoEffect::AlreadyAcknowledged { by } => format!("no effect: {} holds", name(by)),
                NoEffect::NoLongerOpen => "no effect: over".to_owned(),
            },
            What::Refused { by, named, .. } => {
                let named = named.as_ref().map_or(String::new(), |named| match named {
                    Named::Post(code) => format!(" > {code}"),
                    Named::Unit(code) => format!(" > {code}"),
                });
                format!("refused by {}{named}", name(by))
            }
            What::HoldEnded => "hold ended".to_owned(),
            What::OrderedByHand { order, .. } => match order {
                Order::PageAgain { responder } => format!("ordered again {}", name(responder)),
                Order::Escalate { to_step, .. } => to_step
                    .map_or("ordered on".to_owned(), |step| {
                        format!("ordered on to {step}")
                    }),
            },
            What::Exhausted => "exhausted".to_owned(),
            What::Progressed {
                shown_at,
                promise,
                in_time,
                next,
                ..
            } => {
                let kept = if *in_time { "in time" } else { "too late" };
                let next = next.map_or(String::new(), |next| format!(", next until {}", at(next)));
                format!("kept {promise} {kept} @{}{next}", at(*shown_at))
            }
            What::StatusNoted {
                status,
                since: told,
            } => format!("noted {status}{}", since(told)),
            What::Paused { since: told, .. } => format!("paused{}", since(told)),
            What::Resumed {
                deadline,
                since: told,
                ..
            } => format!("runs {}{}", until(deadline), since(told)),
            What::NotOurs {
                since: told,
                deadline,
                ..
            } => {
                let runs =
                    deadline.map_or(String::new(), |_| format!(", runs {}", until(deadline)));
                format!("returned{}{runs}", since(told))
            }
            What::Reassigned { from, to, deadline } => {
                let code = |unit: &Option<UnitCode>| {
                    unit.as_ref()
                        .map_or_else(|| "-".to_owned(), ToString::to_string)
                };
                if from == to {
                    format!("stays with {} {}", code(to), until(deadline))
                } else {
                    format!("to {} {}", code(to), until(deadline))
                }
            }
            What::Closed { since: told, .. } => format!("closed{}", since(told)),
            What::Alarm { alarm } => match alarm {
                Alarm::NobodyToPage { step } => format!("ALARM nobody for {step}"),
                Alarm::NobodyOnDuty { post } => format!("ALARM nobody on duty {post}"),
                Alarm::AllRefused { step } => format!("ALARM all refused {step}"),
                Alarm::Unreachable { responder } => {
                    format!("ALARM {} unreachable", name(responder))
                }
                Alarm::Exhausted => "ALARM".to_owned(),
                Alarm::PausedLong { since } => format!("ALARM paused since {}", at(*since)),
                Alarm::NoDeadline => "ALARM no deadline".to_owned(),
                other => panic!("an escalation raises no {other:?}"),
            },
            other => panic!("an escalation records no {other:?}"),
        };
        if !paged.is_empty() {
            words.push(std::mem::take(&mut paged).join(", "));
        }
        words.push(word);
    }
    if !paged.is_empty() {
        words.push(paged.join(", "));
    }
    words.extend(stopped(transition));
    words.extend(transition.effects.iter().filter_map(|effect| match effect {
        Effect::Confirm {
            responder, note, ..
        } => Some(format!(
            "tells {}: {}",
            name(responder),
            confirmation(start, note)
        )),
        _ => None,
    }));
    words.join("; ")
}

/// Whose pages are stopped, and why. A page that a new one replaces is stopped as a matter of course.
fn stopped(transition: &Transition) -> Option<String> {
    let mut reason = None;
    let mut people = Vec::new();
    for effect in &transition.effects {
        if let Effect::Cancel { responder, why, .. } = effect
            && *why != CancelReason::Superseded
        {
            reason = Some(match why {
                CancelReason::Acknowledged => "acknowledged",
                CancelReason::Refused => "refused",
                CancelReason::Progressed => "progressed",
                CancelReason::Paused => "paused",
                CancelReason::Closed => "closed",
                CancelReason::Reassigned => "reassigned",
                CancelReason::Superseded => "superseded",
                CancelReason::CostCeiling => "cost ceiling",
            });
            people.push(name(responder));
        }
    }
    reason.map(|reason| format!("stop {reason}: {}", people.join(", ")))
}

fn confirmation(start: Timestamp, note: &ReplyNote) -> String {
    match note {
        ReplyNote::Acknowledged { hold_until, .. } => {
            format!("yours until {}", shown(start, *hold_until))
        }
        ReplyNote::AlreadyAcknowledged { by, .. } => format!("{by} has it"),
        ReplyNote::HandedOver { to, .. } => format!("handed to {to}"),
        ReplyNote::Refused {
            passed_to: Some(to),
            proposed: Some(unit),
            ..
        } => format!("goes to {to}, proposing {unit}"),
        ReplyNote::Refused {
            passed_to: Some(to),
            ..
        } => format!("goes to {to}"),
        ReplyNote::Refused { .. } => "goes to nobody".to_owned(),
        ReplyNote::NoLongerOpen { .. } => "over".to_owned(),
        other => panic!("an escalation says no {other:?}"),
    }
}
