//! What a wake-up brings: the miss, the warnings, the steps; and whom that tells.
//!
//! Several things that are due at once (Siaga was down, or an acknowledgement held them back) are
//! told once, to everybody whom any of them names, in the words of the latest. The others are
//! recorded as folded. So nobody is forgotten and nobody gets a flood.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{
    Chain, Effect, Escalation, PageOrder, Paging, Promise, Running, Step,
    chain::{Due, Taken},
};
use crate::domain::{
    directory::{Directory, Resolution, Responder},
    fact::{Alarm, CancelReason, FoldReason, SkipReason, What},
    id::{PageId, PostCode, ResponderId},
    message::{Alert, Notice},
    policy::{Reach, Target},
};

/// People to be told together, and why.
pub(super) struct Call {
    pub(super) to: Vec<Target>,
    pub(super) reach: Reach,
    pub(super) notice: Notice,
    /// As an operator would name it: `warning 75%`, `step 2`.
    pub(super) label: String,
    pub(super) due_at: Timestamp,
}

impl Step<'_> {
    pub(super) fn timer_fired(&mut self) {
        self.record_miss_if_due(self.now);
        match self.state.paging.clone() {
            Paging::Waiting => self.warn(FoldReason::Late),
            Paging::Escalating(chain) => self.take_steps(chain, FoldReason::Late, false),
            Paging::Acknowledged { until, chain, .. } if until <= self.now => {
                self.facts.push(What::HoldEnded);
                if let Some(deadline) = self.state.promise.missed {
                    let chain = chain.unwrap_or_else(|| Chain::begin(deadline));
                    self.take_steps(chain, FoldReason::Held, true);
                } else {
                    self.state.paging = Paging::Waiting;
                    self.warn(FoldReason::Held);
                }
            }
            Paging::Quiet => self.review_pause(),
            Paging::Acknowledged { .. } | Paging::Exhausted { .. } | Paging::Closed { .. } => {}
        }
    }

    /// Records the miss when the deadline lies at or before `by`. Once a promise, because a missed
    /// promise has no unmissed deadline.
    pub(super) fn record_miss_if_due(&mut self, by: Timestamp) {
        let Some(deadline) = self.state.promise.unmissed_deadline(&self.context) else {
            return;
        };
        if deadline > by {
            return;
        }
        self.state.promise.missed = Some(deadline);
        self.facts.push(What::Missed {
            promise: self.state.promise.number,
            deadline,
            unit: self.state.complaint.unit.clone(),
        });
        if matches!(self.state.paging, Paging::Waiting) {
            let unsent: Vec<String> = self.context.policy.warnings[self
                .state
                .promise
                .warned
                .min(self.context.policy.warnings.len())..]
                .iter()
                .map(|warning| format!("warning {}%", warning.at_percent))
                .collect();
            if !unsent.is_empty() {
                self.facts.push(What::Folded {
                    what: unsent,
                    why: FoldReason::DeadlinePassed,
                });
            }
            self.state.paging = Paging::Escalating(Chain::begin(deadline));
        }
    }

    fn warn(&mut self, why: FoldReason) {
        let mut due = Vec::new();
        while let Some(at) = self.state.promise.next_warning_at(&self.context)
            && at <= self.now
        {
            due.push((self.state.promise.warned, at));
            self.state.promise.warned += 1;
        }
        let Some((&(last, due_at), folded)) = due.split_last() else {
            return;
        };
        let warnings = &self.context.policy.warnings;
        let percent = warnings[last].at_percent;
        if !folded.is_empty() {
            self.facts.push(What::Folded {
                what: folded
                    .iter()
                    .map(|(index, _)| format!("warning {}%", warnings[*index].at_percent))
                    .collect(),
                why,
            });
        }
        self.facts.push(What::Warned { percent, due_at });
        let chosen = || due.iter().rev().map(|(index, _)| &warnings[*index]);
        self.call(Call {
            to: chosen().flat_map(|warning| warning.to.clone()).collect(),
            reach: widest(chosen().map(|warning| warning.reach)),
            notice: Notice::Warning { percent },
            label: format!("warning {percent}%"),
            due_at,
        });
    }

    /// Takes every step that is due. `resumed`: paging begins again after a hold, so if nothing new
    /// is due the step that was taken last is taken once more.
    pub(super) fn take_steps(&mut self, mut chain: Chain, why: FoldReason, resumed: bool) {
        let policy = self.context.policy;
        let first_ever = chain.round == 0 && chain.taken.is_none();
        let mut due: Vec<usize> = Vec::new();
        let mut again = None;
        let mut ended = false;
        loop {
            let next = chain.due(policy);
            if next.at() > self.now {
                break;
            }
            match next {
                Due::End { .. } => {
                    ended = true;
                    break;
                }
                Due::Round { at } => {
                    // Rounds that lie wholly in the past are not walked through one by one.
                    let behind = self.now.duration_since(at) > policy.repeat.every;
                    chain.take(Due::Round {
                        at: if behind { self.now } else { at },
                    });
                }
                Due::Again { at } => {
                    let every = policy.steps[chain.taken.map_or(0, |taken| taken.step)]
                        .again_every
                        .map_or(1, |every| every.as_millis().max(1));
                    let missed = self.now.duration_since(at).as_millis() / every;
                    let jump = jiff::SignedDuration::from_millis(
                        i64::try_from(missed * every).unwrap_or(0),
                    );
                    chain.take(Due::Again {
                        at: at.saturating_add(jump).unwrap_or(at),
                    });
                    again = chain.taken.map(|taken| taken.step);
                }
                Due::Step { step, .. } => {
                    chain.take(next);
                    // Who was to be told once more of the step before has been told of it once.
                    again = None;
                    due.push(step);
                }
            }
        }
        if due.is_empty() {
            due.extend(again);
        }
        if let Some(taken) = chain.taken
            && due.is_empty()
            && resumed
            && !ended
        {
            chain.taken = Some(Taken {
                times: taken.times + 1,
                at: self.now,
                ..taken
            });
            due.push(taken.step);
        }
        let last_taken = chain.taken;
        let round = chain.round;
        self.state.paging = if ended {
            Paging::Exhausted { since: self.now }
        } else {
            Paging::Escalating(chain)
        };
        if let (Some((_, folded)), Some(taken)) = (due.split_last(), last_taken) {
            if !folded.is_empty() {
                self.facts.push(What::Folded {
                    what: folded.iter().map(|step| format!("step {step}")).collect(),
                    why,
                });
            }
            self.facts.push(What::Stepped {
                round,
                step: taken.step,
                time: taken.times,
                due_at: taken.at,
            });
            let chosen = || due.iter().rev().map(|step| &policy.steps[*step]);
            self.call(Call {
                to: chosen().flat_map(|step| step.to.clone()).collect(),
                reach: widest(chosen().map(|step| step.reach)),
                notice: if first_ever {
                    Notice::Missed
                } else {
                    Notice::StillMissed
                },
                label: format!("step {}", taken.step),
                due_at: taken.at,
            });
        }
        if ended {
            self.facts.push(What::Exhausted);
            self.alarm(Alarm::Exhausted);
        }
    }

    fn review_pause(&mut self) {
        if let Running::Paused { at, review_at, .. } = &mut self.state.promise.running
            && *review_at <= self.now
        {
            let since = *at;
            *review_at = self
                .now
                .saturating_add(super::PAUSE_REVIEW)
                .unwrap_or(Timestamp::MAX);
            self.alarm(Alarm::PausedLong { since });
        }
    }

    /// Tells everybody a call names, each once. Those who stand for nobody are recorded.
    pub(super) fn call(&mut self, call: Call) {
        let chosen = self.resolve(&call.to);
        if chosen.is_empty() {
            self.alarm(Alarm::NobodyToPage { step: call.label });
            return;
        }
        self.state.pagings += 1;
        for (responder, chosen) in chosen {
            let page = PageId::of_paging(&self.state.complaint.id, self.state.pagings, &responder);
            let live = self.state.told.entry(responder.clone()).or_default();
            if let Some(older) = live.replace(page.clone()) {
                self.effects.push(Effect::Cancel {
                    page: older,
                    responder: responder.clone(),
                    why: CancelReason::Superseded,
                });
            }
            self.facts.push(What::Paged {
                page: page.clone(),
                responder: responder.clone(),
                post: chosen.post.clone(),
                acting: chosen.acting,
            });
            let alert = alert(&self.state, &self.context, &chosen, call.notice);
            self.effects.push(Effect::Page(Box::new(PageOrder {
                page,
                responder,
                post: chosen.post,
                reach: call.reach,
                delivery: self.context.policy.delivery.clone(),
                alert,
                due_at: call.due_at,
            })));
        }
    }

    fn resolve(&mut self, targets: &[Target]) -> BTreeMap<ResponderId, Chosen> {
        let directory = self.context.directory;
        let unit = self.state.complaint.unit.clone();
        let mut chosen = BTreeMap::new();
        let mut seen: Vec<&Target> = Vec::new();
        for target in targets {
            if seen.contains(&target) {
                continue;
            }
            seen.push(target);
            match choose(directory, target, unit.as_ref(), self.now) {
                Ok((responder, found)) => {
                    chosen.entry(responder).or_insert(found);
                }
                Err(why) => self.facts.push(What::Skipped {
                    target: target.clone(),
                    why,
                }),
            }
        }
        chosen
    }
}

struct Chosen {
    post: PostCode,
    title: String,
    short_title: String,
    acting: Option<crate::domain::directory::ActingKind>,
}

fn choose(
    directory: &Directory,
    target: &Target,
    unit: Option<&crate::domain::id::UnitCode>,
    now: Timestamp,
) -> Result<(ResponderId, Chosen), SkipReason> {
    let (code, responder, acting) = match directory.resolve(target, unit, now) {
        Resolution::Holder {
            post,
            responder,
            acting,
        } => (post, responder, acting),
        Resolution::Vacant(_) => return Err(SkipReason::Vacant),
        Resolution::NoSuchPost(_) => return Err(SkipReason::NoSuchPost),
    };
    let person: &Responder = directory
        .responders
        .get(responder)
        .ok_or(SkipReason::UnknownResponder)?;
    if person.usable_methods().next().is_none() {
        return Err(SkipReason::NoContactMethod);
    }
    let post = directory.posts.get(code).ok_or(SkipReason::NoSuchPost)?;
    let prefix = acting.map_or(String::new(), |a| format!("{} ", a.kind.abbreviation()));
    Ok((
        responder.clone(),
        Chosen {
            post: code.clone(),
            title: format!("{prefix}{}", post.title),
            short_title: format!("{prefix}{}", post.short_title),
            acting: acting.map(|a| a.kind),
        },
    ))
}

fn alert(
    state: &Escalation,
    context: &super::Context<'_>,
    chosen: &Chosen,
    notice: Notice,
) -> Alert {
    let complaint = &state.complaint;
    let promise: &Promise = &state.promise;
    Alert {
        complaint: complaint.id.clone(),
        category: complaint.category.clone(),
        area: complaint.area.clone(),
        unit: complaint
            .unit
            .as_ref()
            .and_then(|code| context.directory.units.get(code))
            .map(|unit| unit.short_name.clone()),
        short_title: chosen.short_title.clone(),
        title: chosen.title.clone(),
        notice,
        received_at: complaint.received_at,
        deadline: promise
            .missed
            .or_else(|| promise.deadline(context))
            .unwrap_or(complaint.received_at),
        promise: promise.length(context),
        code: None,
    }
}

fn widest(reaches: impl Iterator<Item = Reach>) -> Reach {
    if reaches.into_iter().any(|reach| reach == Reach::Everywhere) {
        Reach::Everywhere
    } else {
        Reach::InTurn
    }
}
