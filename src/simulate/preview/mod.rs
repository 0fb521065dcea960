//! Preview: who would be told what, by which way, at which time, if nobody answers, or somebody does.
//!
//! The escalation and the pages are the engine's own machines; no gateway fails here and no receipt
//! comes, so the ways of a page that goes in turn show when each would be used.

mod drawing;
mod findings;
mod page;
mod stage;
#[cfg(test)]
mod tests;
mod text;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use serde::Serialize;

pub use self::{
    drawing::svg,
    findings::{Finding, Kind},
    page::html,
    stage::Stage,
    text::{overview, text},
};
use super::life::{Answers, Happening, Life, Outside, play};
use crate::domain::{
    calendar::Holidays,
    complaint::{Complaint, Status},
    delivery::Transport,
    directory::{ActingKind, Language},
    escalation::{Context, Effect, PageOrder, Transition},
    fact::{PassedOver, SkipReason, What},
    id::{MethodId, PageId, PostCode, ResponderId, UnitCode},
    message::{Content, Notice},
    notify::{self, Asked},
    page::{self as machine, Another, NewPage, Outcome, Page},
    policy::{PolicyRef, StatusMeaning, Target},
    routing::Urgency,
};

/// A complaint that might come, and what is asked about it.
#[derive(Debug, Clone)]
pub struct Question {
    /// The complaint.
    pub complaint: Complaint,
    /// How far to look.
    pub until: Timestamp,
    /// Who is told first takes it on so long after. None: nobody answers.
    pub answer_after: Option<SignedDuration>,
    /// The unit shows progress so long after the complaint came. None: never.
    pub progress_after: Option<SignedDuration>,
    /// More messages an hour than this are too many for one person.
    pub per_hour: usize,
    /// The language of what is said in words.
    pub language: Language,
}

/// What a preview knows of the place.
#[derive(Debug, Clone)]
pub struct Place {
    /// The zone of nights, hours and shown times.
    pub zone: TimeZone,
    /// Days off.
    pub holidays: Holidays,
    /// The transports that have a gateway; none is asked about where it is empty.
    pub transports: Vec<Transport>,
}

/// One message that would go out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// When.
    pub at: Timestamp,
    /// By which warning or step, and how often.
    pub stage: Stage,
    /// What it tells.
    #[serde(flatten)]
    pub notice: Notice,
    /// Which page it belongs to.
    #[serde(skip)]
    pub page: PageId,
    /// To whom.
    pub responder: ResponderId,
    /// The person's name.
    pub name: String,
    /// In which post.
    pub post: PostCode,
    /// The post's title.
    pub title: String,
    /// In which acting capacity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acting: Option<ActingKind>,
    /// By which contact method.
    pub method: MethodId,
    /// How it travels.
    pub transport: Transport,
    /// Where to, masked.
    pub address: String,
    /// Whether it only goes when the way before gave no sign of life.
    pub fallback: bool,
    /// Whether between 22.00 and 06.00.
    pub night: bool,
    /// The day off that it falls on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holiday: Option<String>,
}

/// Something beside the messages.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Mark {
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub what: MarkKind,
}

/// What happens beside the messages.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum MarkKind {
    /// The deadline passes: the miss is recorded.
    Missed,
    /// Somebody takes it on.
    Acknowledged {
        /// Who.
        name: String,
        /// So long it is quiet.
        until: Timestamp,
    },
    /// Somebody takes it on, and others whom the step told are waited for.
    AcknowledgedInPart {
        /// Who.
        name: String,
    },
    /// Progress is shown.
    Progressed,
    /// The policy is at its end.
    Exhausted,
    /// A call reached nobody.
    Nobody {
        /// Which: `step 2`.
        step: String,
    },
    /// A target stood for nobody.
    Skipped {
        /// The target; on a chain that leads up the very post.
        target: Target,
        /// Why.
        why: SkipReason,
    },
}

/// What would happen.
#[derive(Debug, Clone, Serialize)]
pub struct Preview {
    /// By which policy.
    pub policy: PolicyRef,
    /// The complaint's unit; none is the coordinator's desk.
    pub unit: Option<UnitCode>,
    /// The unit's name.
    pub unit_name: String,
    /// When the complaint came.
    pub received_at: Timestamp,
    /// When progress is due.
    pub deadline: Option<Timestamp>,
    /// How far it was looked.
    pub until: Timestamp,
    /// The messages, in time order.
    pub rows: Vec<Row>,
    /// What else happens.
    pub marks: Vec<Mark>,
    /// What is worth a thought.
    pub findings: Vec<Finding>,
    #[serde(skip)]
    pub(super) place: Place,
}

/// So long a request waits for its answer. No preview's does; the page machine wants to know.
const ATTEMPT: SignedDuration = SignedDuration::from_secs(30);

/// Looks ahead.
pub fn preview(context: Context<'_>, place: &Place, question: &Question) -> Preview {
    let mut life = Life {
        complaint: question.complaint.clone(),
        status_at: None,
        opened_at: question.complaint.received_at,
        happenings: Vec::new(),
    };
    if let Some(after) = question.progress_after
        && let Some(status) = progress(context)
    {
        life.happenings.push(Happening {
            at: later(life.opened_at, after),
            what: Outside::Status { status, told: None },
        });
    }
    if let Some(after) = question.answer_after
        && let Some((by, at)) = first_told(&life, context, question.until)
    {
        life.happenings.push(Happening {
            at: later(at, after),
            what: Outside::Answered {
                by,
                reply: "preview".to_owned(),
                refused: None,
                after: Some(after),
            },
        });
    }
    let mut watcher = Watcher {
        context,
        place,
        rows: Vec::new(),
        marks: Vec::new(),
        open: BTreeMap::new(),
    };
    let mut deadline = None;
    play(
        &life,
        context,
        Answers::AsHappened,
        question.until,
        |at, transition| {
            if let Some(What::Opened { deadline: due, .. }) = transition.facts.first() {
                deadline = *due;
            }
            watcher.see(at, transition);
        },
    );
    watcher.run_pages(later(question.until, SignedDuration::from_nanos(1)));
    let Watcher {
        mut rows, marks, ..
    } = watcher;
    rows.sort_by_key(|row| row.at);
    let unit = question.complaint.unit.clone();
    let directory = context.directory;
    let answering = directory.answering_unit(unit.as_ref());
    let mut preview = Preview {
        policy: PolicyRef {
            id: context.policy.id.clone(),
            version: context.policy.version,
        },
        unit_name: answering
            .and_then(|code| directory.units.get(code))
            .map_or_else(|| "-".to_owned(), |unit| unit.name.clone()),
        unit,
        received_at: life.opened_at,
        deadline,
        until: question.until,
        rows,
        marks,
        findings: Vec::new(),
        place: place.clone(),
    };
    preview.findings = findings::find(&preview, context, question);
    preview
}

/// The state by which the policy knows progress.
fn progress(context: Context<'_>) -> Option<Status> {
    let mut statuses = context.policy.statuses.iter();
    statuses
        .find(|(_, meaning)| **meaning == StatusMeaning::Progress)
        .map(|(status, _)| status.clone())
}

fn first_told(
    life: &Life,
    context: Context<'_>,
    until: Timestamp,
) -> Option<(ResponderId, Timestamp)> {
    let mut first = None;
    play(life, context, Answers::Never, until, |at, transition| {
        if first.is_none() {
            first = transition.effects.iter().find_map(|effect| match effect {
                Effect::Page(order) => Some((order.responder.clone(), at)),
                _ => None,
            });
        }
    });
    first
}

fn later(at: Timestamp, length: SignedDuration) -> Timestamp {
    at.saturating_add(length).unwrap_or(Timestamp::MAX)
}

impl Place {
    /// The date at a moment.
    pub(super) fn date(&self, at: Timestamp) -> Date {
        self.zone.to_datetime(at).date()
    }

    /// Whether a moment lies between 22.00 and 06.00.
    pub fn is_night(&self, at: Timestamp) -> bool {
        !(6..22).contains(&self.zone.to_datetime(at).hour())
    }
}

/// A page that is on its way.
struct OnItsWay {
    order: PageOrder,
    stage: Stage,
    acting: Option<ActingKind>,
    state: Page,
    sent: usize,
}

struct Watcher<'a> {
    context: Context<'a>,
    place: &'a Place,
    rows: Vec<Row>,
    marks: Vec<Mark>,
    open: BTreeMap<PageId, OnItsWay>,
}

impl Watcher<'_> {
    fn see(&mut self, at: Timestamp, transition: &Transition) {
        // What the pages do by themselves until now came before.
        self.run_pages(at);
        let stage = transition.facts.iter().find_map(Stage::of);
        for fact in &transition.facts {
            if let Some(what) = self.mark(fact) {
                self.marks.push(Mark { at, what });
            }
        }
        for effect in &transition.effects {
            match effect {
                Effect::Cancel { page, .. } => {
                    self.open.remove(page);
                }
                Effect::Page(order) => {
                    let acting = transition.facts.iter().find_map(|fact| match fact {
                        What::Paged { page, acting, .. } if *page == order.page => *acting,
                        _ => None,
                    });
                    self.begin(at, order, stage.unwrap_or(Stage::Refusal), acting);
                }
                // News ask nothing of anybody.
                Effect::Release { .. } | Effect::Confirm { .. } | Effect::News(_) => {}
            }
        }
    }

    fn mark(&self, fact: &What) -> Option<MarkKind> {
        Some(match fact {
            fact if stage::is_miss(fact) => MarkKind::Missed,
            What::Acknowledged { by, waiting, .. } if !waiting.is_empty() => {
                MarkKind::AcknowledgedInPart {
                    name: self.name(by),
                }
            }
            What::Acknowledged { by, until, .. } | What::AllAnswered { by, until } => {
                MarkKind::Acknowledged {
                    name: self.name(by),
                    until: *until,
                }
            }
            What::Progressed { .. } => MarkKind::Progressed,
            What::Exhausted => MarkKind::Exhausted,
            What::Skipped { target, why, over } => MarkKind::Skipped {
                target: PassedOver::or_target(over.as_ref(), target),
                why: *why,
            },
            What::Alarm {
                alarm: crate::domain::fact::Alarm::NobodyToPage { step },
            } => MarkKind::Nobody { step: step.clone() },
            _ => return None,
        })
    }

    fn name(&self, who: &ResponderId) -> String {
        let person = self.context.directory.responders.get(who);
        person.map_or_else(|| who.to_string(), |person| person.name.clone())
    }

    fn begin(
        &mut self,
        now: Timestamp,
        order: &PageOrder,
        stage: Stage,
        acting: Option<ActingKind>,
    ) {
        let Some(person) = self.context.directory.responders.get(&order.responder) else {
            return;
        };
        let asked = Asked {
            urgency: Some(Urgency::of_notice(order.alert.notice)),
            reach: order.reach,
            at: self.place.zone.to_datetime(now),
        };
        let plan = notify::plan(person, |_| true, asked);
        let new = NewPage {
            id: order.page.clone(),
            responder: order.responder.clone(),
            complaint: Some(order.alert.complaint.clone()),
            content: Content::Alert(order.alert.clone()),
            due_at: order.due_at,
            delivery: order.delivery.clone(),
            reach: plan.reach,
            ways: plan.ways,
            in_reply_to: None,
        };
        let opened = Page::open(new, ATTEMPT, now);
        let mut page = OnItsWay {
            order: order.clone(),
            stage,
            acting,
            state: opened.state.clone(),
            sent: 0,
        };
        self.leave(&mut page, opened, now);
        self.open.insert(order.page.clone(), page);
    }

    /// Lets a page's requests leave: each is taken by its gateway, and no receipt comes.
    fn leave(&mut self, page: &mut OnItsWay, transition: machine::Transition, now: Timestamp) {
        let first = page.sent == 0;
        page.state = transition.state;
        for send in transition.sends {
            page.sent += 1;
            let line = page.state.lines[send.line].clone();
            let date = self.place.date(now);
            self.rows.push(Row {
                at: now,
                stage: page.stage,
                notice: page.order.alert.notice,
                page: page.order.page.clone(),
                responder: page.order.responder.clone(),
                name: self.name(&page.order.responder),
                post: page.order.post.clone(),
                title: page.order.alert.title.clone().into(),
                acting: page.acting,
                method: line.method,
                transport: line.transport,
                address: line.address.masked(),
                fallback: !first,
                night: self.place.is_night(now),
                holiday: self.place.holidays.get(&date).map(|day| day.name.clone()),
            });
            let settled = machine::Input::Settled {
                line: send.line,
                attempt: send.attempt,
                gateway: String::new(),
                outcome: Outcome::Sent {
                    gateway_id: None,
                    receipts_by_id: false,
                },
                another: Another::None,
                named: Vec::new(),
                cost: 0,
            };
            page.state = page.state.clone().advance(settled, ATTEMPT, now).state;
        }
    }

    /// What the open pages do by themselves before a moment.
    fn run_pages(&mut self, before: Timestamp) {
        let mut open = std::mem::take(&mut self.open);
        for page in open.values_mut() {
            while let Some(at) = page.state.wake_at().filter(|at| *at < before) {
                let woken = page
                    .state
                    .clone()
                    .advance(machine::Input::TimerFired, ATTEMPT, at);
                let idle = woken.sends.is_empty() && woken.wake_at == Some(at);
                self.leave(page, woken, at);
                if idle {
                    break;
                }
            }
        }
        self.open = open;
    }
}
