//! The further clocks of a complaint, beside its first promise.
//!
//! Each is a promise of its own: kept by its own states, stopped and handed over like the first, missed for
//! itself. What they tell goes through the one paging there is: whoever takes the complaint on holds their
//! steps too, progress quiets everybody, and who is told of the first promise at the same moment is told
//! of that alone. Unlike the first they go on while that is kept: an answer was given, and the work still
//! has its deadline.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Answer, Context, Escalation, Paging, Promise, Running, Step,
    call::{About, Call},
    chain::later,
    firing::widest,
};
use crate::domain::{
    complaint::Status,
    fact::{Alarm, CancelReason, ClockAct, FoldReason, NoEffect, What},
    id::ResponderId,
    message::{News, Notice, ReplyNote},
    policy::{FurtherClock, Policy, Reroute, StatusMeaning},
};

/// How a further clock stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Further {
    /// Its promise.
    pub promise: Promise,
    /// How many of its steps were taken after its deadline.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub stepped: usize,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
fn is_nothing(n: &usize) -> bool {
    *n == 0
}

/// Somebody answered for a further clock while the first promise asked nobody: quiet until then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Who.
    pub by: ResponderId,
    /// Until when.
    pub until: Timestamp,
}

impl Further {
    fn new(promise: Promise) -> Self {
        Self {
            promise,
            stepped: 0,
        }
    }

    /// Whether its time runs.
    fn runs(&self) -> bool {
        matches!(self.promise.running, Running::Since { .. })
    }

    /// When its next step is due.
    fn next_step_at(&self, clock: &FurtherClock) -> Option<Timestamp> {
        let missed = self.promise.missed.filter(|_| self.runs())?;
        let step = clock.steps.get(self.stepped)?;
        Some(later(missed, step.after))
    }

    /// When it next has something to tell, the miss apart.
    fn tells_at(&self, clock: &FurtherClock, context: &Context<'_>) -> Option<Timestamp> {
        let warning = self.promise.next_warning_at(context);
        warning.or_else(|| self.next_step_at(clock))
    }
}

impl Escalation {
    /// When the further clocks next want to be looked at.
    pub(super) fn clocks_wake_at(&self, context: &Context<'_>) -> Option<Timestamp> {
        let held = match &self.paging {
            Paging::Closed { .. } => return None,
            Paging::Acknowledged { until, .. } => Some(*until),
            _ => self.hold.as_ref().map(|hold| hold.until),
        };
        let own_hold = self.hold.as_ref().map(|hold| hold.until);
        let clocks = self
            .clocks_of(context)
            .flat_map(|(clock, further, context)| {
                let miss = further.promise.unmissed_deadline(&context);
                let tells = further.tells_at(clock, &context);
                [miss, tells.map(|at| held.map_or(at, |held| at.max(held)))]
            });
        clocks.flatten().chain(own_hold).min()
    }

    /// The further clocks, each with its rule and what it is judged by.
    pub fn clocks_of<'a>(
        &'a self,
        context: &Context<'a>,
    ) -> impl Iterator<Item = (&'a FurtherClock, &'a Further, Context<'a>)> {
        let context = *context;
        let unit = self.complaint.unit.as_ref();
        context.policy.clocks.iter().filter_map(move |clock| {
            let further = self.clocks.get(&clock.id)?;
            Some((clock, further, context.by(clock, unit)))
        })
    }
}

impl<'a> Step<'a> {
    /// Changes each further clock in turn, in the order of the policy.
    fn each_clock(
        &mut self,
        mut change: impl FnMut(&mut Self, &'a FurtherClock, &mut Further, &Context<'a>),
    ) {
        let policy: &'a Policy = self.context.policy;
        for clock in &policy.clocks {
            let Some(mut further) = self.state.clocks.remove(&clock.id) else {
                continue;
            };
            let context = self.context.by(clock, self.state.complaint.unit.as_ref());
            change(self, clock, &mut further, &context);
            self.state.clocks.insert(clock.id.clone(), further);
        }
    }

    fn clock_fact(&mut self, clock: &FurtherClock, act: ClockAct) {
        self.facts.push(What::Clock {
            clock: clock.id.clone(),
            act,
        });
    }

    /// Begins those that are not there.
    pub(super) fn begin_clocks(&mut self, from: Timestamp) {
        let policy: &'a Policy = self.context.policy;
        for clock in &policy.clocks {
            let known = self.state.clocks.contains_key(&clock.id);
            if known {
                continue;
            }
            let further = Further::new(Promise::first(from));
            let context = self.context.by(clock, self.state.complaint.unit.as_ref());
            if further.promise.deadline(&context).is_none() {
                self.alarm(Alarm::NoDeadline);
            }
            self.state.clocks.insert(clock.id.clone(), further);
        }
    }

    /// What a state means to them. Before the first promise hears of it, so that what was due before it is
    /// recorded first.
    pub(super) fn clocks_hear(&mut self, status: &Status, meaning: StatusMeaning, at: Timestamp) {
        let waited = self.state.complaint.status.clone();
        let now = self.now;
        self.each_clock(|step, clock, further, context| {
            step.record_clock_miss(clock, further, context, at);
            let kept = clock.kept_by.contains(status) || meaning == StatusMeaning::End;
            if kept {
                step.keep(clock, further, at);
            } else if meaning == StatusMeaning::Pause {
                further.promise.pause(context, at);
            } else if further.promise.is_paused() {
                further.promise.resume(now, waited.clone());
            }
        });
    }

    fn keep(&mut self, clock: &FurtherClock, further: &mut Further, at: Timestamp) {
        if further.promise.is_kept() {
            return;
        }
        let in_time = further.promise.missed.is_none_or(|deadline| at < deadline);
        further.promise.running = Running::Kept { at };
        let promise = further.promise.number;
        self.clock_fact(
            clock,
            ClockAct::Kept {
                promise,
                at,
                in_time,
            },
        );
    }

    /// Nobody need be told any more when the first promise asks nobody and no further clock is late.
    pub(super) fn rest_if_nothing_is_late(&mut self) {
        let is_late = |further: &Further| further.runs() && further.promise.missed.is_some();
        if !matches!(self.state.paging, Paging::Quiet) {
            return;
        }
        if !self.state.clocks.values().any(Further::runs) {
            self.state.hold = None;
        }
        let asks = self.state.clocks.values().any(is_late);
        if !asks && !self.state.told.is_empty() {
            self.release_everybody(CancelReason::Progressed);
        }
    }

    /// A closed complaint was opened again: each begins once more.
    pub(super) fn reopen_clocks(&mut self, from: Timestamp) {
        self.state.hold = None;
        self.each_clock(|step, _, further, context| {
            let next = further.promise.dated(from, false, context, step.now);
            *further = Further::new(next);
        });
        self.begin_clocks(from);
    }

    /// Another unit has it. Called with the old unit's hours; `unit` is the new one's.
    pub(super) fn hand_over_clocks(&mut self) {
        self.state.hold = None;
        let now = self.now;
        self.each_clock(|_, clock, further, context| {
            if further.promise.is_kept() {
                return;
            }
            let old = further.promise.clone();
            let next = match clock.on_reroute {
                Reroute::RestartClock => {
                    let mut next = old.next(now, false);
                    if old.is_paused() {
                        next.pause(context, now);
                    }
                    next
                }
                Reroute::KeepClock => old.in_other_hands(context, now),
            };
            *further = Further::new(next);
        });
    }

    /// Under another policy: those of the same name go on, others begin or are dropped.
    pub(super) fn move_clocks(&mut self, old: &Context<'a>) {
        let policy: &'a Policy = self.context.policy;
        let unit = self.state.complaint.unit.clone();
        let now = self.now;
        self.state
            .clocks
            .retain(|id, _| policy.clocks.iter().any(|clock| clock.id == *id));
        let before = old.policy;
        self.each_clock(|_, clock, further, context| {
            let Some(was) = before.clocks.iter().find(|was| was.id == clock.id) else {
                return;
            };
            let deadline = further
                .promise
                .unmissed_deadline(&old.by(was, unit.as_ref()));
            further.promise.warn_under(&was.warnings, &clock.warnings);
            if let Some(deadline) = deadline {
                further.promise.keep_deadline(deadline, context, now);
            }
            further.stepped = further.stepped.min(clock.steps.len());
        });
        self.begin_clocks(now);
    }

    fn record_clock_miss(
        &mut self,
        clock: &FurtherClock,
        further: &mut Further,
        context: &Context<'_>,
        by: Timestamp,
    ) {
        let Some(deadline) = further.promise.unmissed_deadline(context) else {
            return;
        };
        if deadline > by {
            return;
        }
        further.promise.missed = Some(deadline);
        let act = ClockAct::Missed {
            promise: further.promise.number,
            deadline,
            unit: self.state.complaint.unit.clone(),
        };
        self.clock_fact(clock, act);
    }

    /// What a wake-up brings them.
    pub(super) fn fire_clocks(&mut self) {
        let ended = self.state.hold.take_if(|hold| hold.until <= self.now);
        if ended.is_some() {
            self.facts.push(What::HoldEnded);
        }
        let held = match &self.state.paging {
            Paging::Closed { .. } => return,
            Paging::Acknowledged { until, .. } => *until > self.now,
            _ => self.state.hold.is_some(),
        };
        self.each_clock(|step, clock, further, context| {
            step.record_clock_miss(clock, further, context, step.now);
            if !held && further.runs() {
                step.warn_of(clock, further, context);
                step.step_on(clock, further, context, ended.is_some());
            }
        });
    }

    fn warn_of(&mut self, clock: &'a FurtherClock, further: &mut Further, context: &Context<'_>) {
        let mut due = Vec::new();
        while let Some(at) = further.promise.next_warning_at(context)
            && at <= self.now
        {
            due.push((further.promise.warned, at));
            further.promise.warned += 1;
        }
        let Some((&(last, due_at), _)) = due.split_last() else {
            return;
        };
        let percent = clock.warnings[last].at_percent;
        let label = format!("{} warning {percent}%", clock.id);
        self.clock_fact(clock, ClockAct::Warned { percent, due_at });
        let chosen = || due.iter().rev().map(|(index, _)| &clock.warnings[*index]);
        self.call_beside(Call {
            to: chosen().flat_map(|warning| warning.to.clone()).collect(),
            reach: widest(chosen().map(|warning| warning.reach)),
            notice: Notice::Warning { percent },
            label,
            due_at: due[0].1,
            refused_by: None,
            from: None,
            proposed: None,
            about: Some(about(clock, further, context)),
        });
    }

    /// Takes the steps that are due; after a hold without any the last once more, because who takes it on
    /// and shows nothing earns no silence.
    fn step_on(
        &mut self,
        clock: &'a FurtherClock,
        further: &mut Further,
        context: &Context<'_>,
        hold_ended: bool,
    ) {
        let mut due = Vec::new();
        while let Some(at) = further.next_step_at(clock).filter(|at| *at <= self.now) {
            due.push((further.stepped, at));
            further.stepped += 1;
        }
        if due.is_empty() && hold_ended && further.promise.missed.is_some() && further.stepped > 0 {
            due.push((further.stepped - 1, self.now));
        }
        let Some((&(last, due_at), _)) = due.split_last() else {
            return;
        };
        self.clock_fact(clock, ClockAct::Stepped { step: last, due_at });
        let chosen = || due.iter().rev().map(|(index, _)| &clock.steps[*index]);
        let told = self.call_beside(Call {
            to: chosen().flat_map(|step| step.to.clone()).collect(),
            reach: widest(chosen().map(|step| step.reach)),
            notice: if further.promise.miss_told {
                Notice::StillMissed
            } else {
                Notice::Missed
            },
            label: format!("{} step {last}", clock.id),
            due_at: due[0].1,
            refused_by: None,
            from: None,
            proposed: None,
            about: Some(about(clock, further, context)),
        });
        further.promise.miss_told |= told;
    }

    /// Tells whom a call names, but for those who are told something about this complaint by this very
    /// step: one message says enough. Gives whether anybody is told.
    fn call_beside(&mut self, call: Call) -> bool {
        let before = call.to.len();
        let (told, to): (Vec<_>, Vec<_>) = call.to.iter().cloned().partition(|target| {
            self.holder_of(target)
                .is_ok_and(|holder| self.is_being_told(&holder))
        });
        if !told.is_empty() {
            self.facts.push(What::Folded {
                what: vec![call.label.clone()],
                why: FoldReason::SameMoment,
            });
        }
        let to = self.without_who_answered(to);
        if to.is_empty() && before > 0 {
            return true;
        }
        self.call(Call { to, ..call }).is_some() || !told.is_empty()
    }

    /// Whether somebody is asked although the first promise asks nobody.
    pub(super) fn asks_for_a_clock(&self) -> bool {
        matches!(self.state.paging, Paging::Quiet)
            && (self.state.hold.is_some() || self.state.told.values().any(Option::is_some))
    }

    /// Somebody refuses while another answers for a further clock: true when that holds. Who takes back an
    /// answer ends its hold.
    pub(super) fn refused_beside(&mut self, by: &ResponderId) -> bool {
        let now = self.now;
        match &mut self.state.hold {
            Some(hold) if hold.by == *by => {
                hold.until = now;
                false
            }
            Some(hold) => hold.until > now,
            None => false,
        }
    }

    /// Somebody takes on what a further clock asks for.
    pub(super) fn acknowledged_beside(&mut self, answer: &Answer) {
        let complaint = self.state.complaint.id.clone();
        let zone = Some(self.context.zone());
        if let Some(Hold { by, until }) = self.state.hold.clone()
            && until > self.now
        {
            let note = if by == answer.responder {
                ReplyNote::Acknowledged {
                    complaint,
                    hold_until: until,
                    zone,
                    waiting: None,
                }
            } else {
                ReplyNote::AlreadyAcknowledged {
                    complaint,
                    by: self.name_of(&by),
                }
            };
            self.without_effect(answer, NoEffect::AlreadyAcknowledged { by });
            return self.confirm(answer, note);
        }
        let until = later(self.now, self.context.policy.hold);
        self.state.refused.remove(&answer.responder);
        self.state.hold = Some(Hold {
            by: answer.responder.clone(),
            until,
        });
        self.facts.push(What::Acknowledged {
            by: answer.responder.clone(),
            until,
            reply: answer.reply.clone(),
            waiting: Vec::new(),
        });
        let news = News::Taken {
            by: self.short_title_of(&answer.responder),
            at: self.now,
            zone: zone.clone(),
        };
        self.tell_news(Some(&answer.responder), &news);
        self.cancel_pages(CancelReason::Acknowledged);
        let note = ReplyNote::Acknowledged {
            complaint,
            hold_until: until,
            zone,
            waiting: None,
        };
        self.confirm(answer, note);
    }

    /// What a message about the complaint says of its time: of the first promise, or, when that is kept,
    /// of the further clock that is due first.
    pub(super) fn about_now(&self) -> About {
        let first = || About::first(&self.state, &self.context);
        if !self.state.promise.is_kept() {
            return first();
        }
        let running = self.state.clocks_of(&self.context);
        let running = running.filter(|(_, further, _)| further.runs());
        let due = running.filter_map(|(clock, further, context)| {
            let at = further.promise.due_at(&context)?;
            Some((at, about(clock, further, &context)))
        });
        let next = due.min_by_key(|(at, _)| *at).map(|(_, about)| about);
        next.unwrap_or_else(first)
    }
}

fn about(clock: &FurtherClock, further: &Further, context: &Context<'_>) -> About {
    About {
        deadline: further.promise.due_at(context),
        length: clock.length,
        counted: context.calendar.hours().counted(),
        lacks: Some(clock.lacks.clone()),
    }
}
