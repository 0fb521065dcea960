//! Whom a call reaches: targets become people, each told once, and a target that stands for nobody
//! is recorded.
//!
//! Who has said "not ours" is spared while somebody else is left to tell, and told all the same when
//! nobody is: silence would be worse, and the operators hear of it.

use std::collections::{BTreeMap, btree_map::Entry};

use jiff::{SignedDuration, Timestamp};
use smol_str::{SmolStr, format_smolstr};

use super::{Context, Effect, Escalation, PageOrder, Step};
use crate::domain::{
    calendar::Counted,
    directory::{ActingKind, Directory, Post},
    fact::{Alarm, CancelReason, PassedOver, SkipReason, What},
    id::{PageId, PostCode, ResponderId},
    message::{Alert, Notice},
    policy::{Lacks, Reach, Target},
};

/// People to be told together, and why.
pub(super) struct Call {
    pub(super) to: Vec<Target>,
    pub(super) reach: Reach,
    pub(super) notice: Notice,
    /// As an operator would name it: `warning 75%`, `step 2`.
    pub(super) label: String,
    pub(super) due_at: Timestamp,
    /// Whose refusal led to this call: they are never told of it.
    pub(super) refused_by: Option<ResponderId>,
    /// Who hands it over, in short.
    pub(super) from: Option<String>,
    /// The unit that whoever refused names instead, in short.
    pub(super) proposed: Option<String>,
    /// What it says of the time; none is the first promise, or what runs when that is kept.
    pub(super) about: Option<About>,
}

/// What a message says of a promise's time.
pub(super) struct About {
    pub(super) deadline: Option<Timestamp>,
    pub(super) length: SignedDuration,
    pub(super) counted: Counted,
    /// What is lacking; none is an answer.
    pub(super) lacks: Option<Lacks>,
}

impl About {
    pub(super) fn first(state: &Escalation, context: &Context<'_>) -> Self {
        Self {
            deadline: state.promise.due_at(context),
            length: state.promise.length(context),
            counted: context.calendar.hours().counted(),
            lacks: None,
        }
    }
}

/// The person a target stands for, in a post.
struct Found<'a> {
    target: Target,
    responder: &'a ResponderId,
    code: &'a PostCode,
    post: &'a Post,
    acting: Option<ActingKind>,
}

impl Found<'_> {
    /// A title of the post, as it is borne now.
    fn borne(&self, title: &str) -> SmolStr {
        match self.acting {
            Some(acting) => format_smolstr!("{} {title}", acting.abbreviation()),
            None => SmolStr::new(title),
        }
    }
}

impl<'a> Step<'a> {
    /// Tells everybody a call names, each once, in the highest of their posts. Gives the title of
    /// the first whom it names; none when nobody is told.
    pub(super) fn call(&mut self, call: Call) -> Option<SmolStr> {
        let found = self.resolve(&call.to);
        let found = self.without_refusers(found, &call);
        let Some(first) = found.first().map(|first| first.borne(&first.post.title)) else {
            self.alarm(Alarm::NobodyToPage { step: call.label });
            return None;
        };
        self.state.pagings += 1;
        let about = call.about.unwrap_or_else(|| self.about_now());
        for (responder, found) in self.each_once(found) {
            let page = PageId::of_paging(&self.state.complaint.id, self.state.pagings, responder);
            self.state.unreached.remove(responder);
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
                post: found.code.clone(),
                acting: found.acting,
            });
            let alert = Alert {
                from: call.from.clone(),
                proposed: call.proposed.clone(),
                ..alert(&self.state, &self.context, &about, &found, call.notice)
            };
            self.effects.push(Effect::Page(Box::new(PageOrder {
                page,
                responder: responder.clone(),
                post: found.code.clone(),
                reach: call.reach,
                delivery: self.context.policy.delivery.clone(),
                alert,
                due_at: call.due_at,
            })));
        }
        Some(first)
    }

    /// Those who can be told, in the order of the targets. The others are recorded.
    fn resolve(&mut self, targets: &[Target]) -> Vec<Found<'a>> {
        let mut found = Vec::new();
        let mut seen: Vec<&Target> = Vec::new();
        for target in targets {
            if seen.contains(&target) {
                continue;
            }
            seen.push(target);
            found.extend(self.first_of(target));
        }
        found
    }

    /// The first of a target's posts with somebody to tell. Those before it are recorded.
    fn first_of(&mut self, target: &Target) -> Option<Found<'a>> {
        let directory = self.context.directory;
        let posts = directory.posts_for(target, self.state.complaint.unit.as_ref());
        if posts.is_empty() {
            self.skip(target, none_there(target));
        }
        for (place, code) in posts.iter().enumerate() {
            match find(directory, target, code, self.now) {
                Ok(found) => return Some(found),
                Err(why) => {
                    self.facts.push(What::Skipped {
                        target: target.clone(),
                        why,
                        over: matches!(target, Target::Above(_)).then(|| PassedOver {
                            post: (*code).clone(),
                            next: posts.get(place + 1).map(|next| (*next).clone()),
                        }),
                    });
                    if why == SkipReason::NobodyOnDuty {
                        self.alarm(Alarm::NobodyOnDuty {
                            post: (*code).clone(),
                        });
                    }
                }
            }
        }
        None
    }

    /// Who a target stands for now.
    ///
    /// # Errors
    /// Why it stands for nobody who can be told.
    pub(super) fn holder_of(&self, target: &Target) -> Result<ResponderId, SkipReason> {
        let directory = self.context.directory;
        let mut why = none_there(target);
        for code in directory.posts_for(target, self.state.complaint.unit.as_ref()) {
            match find(directory, target, code, self.now) {
                Ok(found) => return Ok(found.responder.clone()),
                Err(reason) => why = reason,
            }
        }
        Err(why)
    }

    /// Without those who have refused this promise, unless nobody else is left.
    fn without_refusers(&mut self, found: Vec<Found<'a>>, call: &Call) -> Vec<Found<'a>> {
        let refused = self.state.refused.clone();
        let spared = |one: &Found<'_>| call.refused_by.as_ref() == Some(one.responder);
        let others_left = found.iter().any(|one| !refused.contains(one.responder));
        let (kept, skipped): (Vec<_>, Vec<_>) = found
            .into_iter()
            .partition(|one| !spared(one) && (!others_left || !refused.contains(one.responder)));
        for one in &skipped {
            self.skip(&one.target, SkipReason::Refused);
        }
        if !kept.is_empty() && !others_left {
            self.alarm(Alarm::AllRefused {
                step: call.label.clone(),
            });
        }
        kept
    }

    /// Who holds several posts is told once, in the highest.
    fn each_once(&self, found: Vec<Found<'a>>) -> BTreeMap<&'a ResponderId, Found<'a>> {
        let policy = self.context.policy;
        let mut people: BTreeMap<&ResponderId, Found<'_>> = BTreeMap::new();
        for one in found {
            match people.entry(one.responder) {
                Entry::Vacant(place) => {
                    place.insert(one);
                }
                Entry::Occupied(mut place) => {
                    if policy.height(&one.target) > policy.height(&place.get().target) {
                        place.insert(one);
                    }
                }
            }
        }
        people
    }

    pub(super) fn skip(&mut self, target: &Target, why: SkipReason) {
        self.facts.push(What::Skipped {
            target: target.clone(),
            why,
            over: None,
        });
    }
}

fn none_there(target: &Target) -> SkipReason {
    match target {
        Target::Above(_) => SkipReason::NoneAbove,
        Target::Role(_) | Target::Post(_) | Target::Coordinator(_) => SkipReason::NoSuchPost,
    }
}

fn find<'a>(
    directory: &'a Directory,
    target: &Target,
    code: &'a PostCode,
    now: Timestamp,
) -> Result<Found<'a>, SkipReason> {
    let post = directory.posts.get(code).ok_or(SkipReason::NoSuchPost)?;
    let (responder, acting) = post.holder_at(now).ok_or(match post.roster {
        Some(_) => SkipReason::NobodyOnDuty,
        None => SkipReason::Vacant,
    })?;
    let person = directory
        .responders
        .get(responder)
        .ok_or(SkipReason::UnknownResponder)?;
    if person.usable_methods().next().is_none() {
        return Err(SkipReason::NoContactMethod);
    }
    Ok(Found {
        target: target.clone(),
        responder,
        code,
        post,
        acting: acting.map(|a| a.kind),
    })
}

fn alert(
    state: &Escalation,
    context: &Context<'_>,
    about: &About,
    found: &Found<'_>,
    notice: Notice,
) -> Alert {
    let complaint = &state.complaint;
    Alert {
        complaint: complaint.id.clone(),
        category: complaint.category.clone(),
        area: complaint.area.clone(),
        unit: complaint
            .unit
            .as_ref()
            .and_then(|code| context.directory.units.get(code))
            .map(|unit| SmolStr::new(&unit.short_name)),
        short_title: found.borne(&found.post.short_title),
        title: found.borne(&found.post.title),
        notice,
        from: None,
        proposed: None,
        received_at: complaint.received_at,
        deadline: about.deadline.unwrap_or(complaint.received_at),
        promise: about.length,
        counted: about.counted,
        lacks: about.lacks.clone().map(Box::new),
        zone: Some(context.zone()),
        code: None,
    }
}
