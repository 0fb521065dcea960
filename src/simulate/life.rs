//! One complaint's life, played by a policy: what came from outside is given, all that follows from it
//! is the engine's own `advance`.

use jiff::{SignedDuration, Timestamp};

use crate::domain::{
    complaint::{Complaint, Status},
    escalation::{Answer, ByHand, Context, Effect, Escalation, Input, Transition},
    id::{ResponderId, UnitCode},
    referral::Named,
};

/// What the world did to one complaint.
#[derive(Debug, Clone, PartialEq)]
pub struct Life {
    /// The complaint as it came in.
    pub complaint: Complaint,
    /// When its state was reached, where the source told.
    pub status_at: Option<Timestamp>,
    /// When it was taken in.
    pub opened_at: Timestamp,
    /// What happened then, in its order.
    pub happenings: Vec<Happening>,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Happening {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: Outside,
}

/// Something that no policy decides.
#[derive(Debug, Clone, PartialEq)]
pub enum Outside {
    /// The source told how the complaint stands.
    Status {
        /// The state.
        status: Status,
        /// When it was reached, where the source told.
        told: Option<Timestamp>,
    },
    /// It became another unit's.
    Reassigned {
        /// Whose; none is the coordinator's desk.
        unit: Option<UnitCode>,
    },
    /// An operator ordered something by hand.
    Ordered(ByHand),
    /// Somebody answered.
    Answered {
        /// Who.
        by: ResponderId,
        /// The reply's id.
        reply: String,
        /// Whether they said that it is not theirs.
        refused: Option<Refusal>,
        /// How long after their first page since their last answer. None: they had no page.
        after: Option<SignedDuration>,
    },
}

/// To whom something ought to go that is not theirs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Refusal {
    /// In their words.
    pub to: Option<String>,
    /// Whom those name in the directory.
    pub named: Option<Named>,
}

/// Who answers when another policy tells people at other times.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Answers {
    /// Who answered does so again, as long after their first page as they did. An answer that followed
    /// no page is given when it was.
    #[default]
    AsHappened,
    /// Nobody.
    Never,
}

/// Plays a life until `until` and shows each transition to `watch`.
///
/// A wake-up comes when it is due: Siaga is never late here. What is due at the moment at which
/// something happens comes before it.
pub fn play(
    life: &Life,
    context: Context<'_>,
    answers: Answers,
    until: Timestamp,
    mut watch: impl FnMut(Timestamp, &Transition),
) {
    let mut now = life.opened_at;
    let mut last = Escalation::open(context, life.complaint.clone(), life.status_at, now);
    watch(now, &last);
    let mut outside = Queue::new(life, answers);
    outside.told(now, &last);
    loop {
        let wake = last.wake_at.map(|at| at.max(now));
        let happening = outside.first(now);
        let input = match (wake, happening) {
            (Some(wake), Some((at, _))) if wake <= at => (wake, Input::TimerFired),
            (Some(wake), None) => (wake, Input::TimerFired),
            (_, Some((at, index))) => (at, outside.take(index)),
            (None, None) => return,
        };
        now = input.0;
        if now > until {
            return;
        }
        last = last.state.advance(context, input.1, now);
        watch(now, &last);
        outside.told(now, &last);
    }
}

/// What is still to happen.
struct Queue<'l> {
    life: &'l Life,
    /// The next of those that come at their own time.
    next: usize,
    /// Answers that wait for a page: which, and when, once the page went.
    waiting: Vec<(usize, Option<Timestamp>)>,
    answers: Answers,
}

impl<'l> Queue<'l> {
    fn new(life: &'l Life, answers: Answers) -> Self {
        let relative = |(index, happening): (usize, &Happening)| match happening.what {
            Outside::Answered { after: Some(_), .. } => Some((index, None)),
            _ => None,
        };
        let waiting = match answers {
            Answers::AsHappened => {
                let happenings = life.happenings.iter().enumerate();
                happenings.filter_map(relative).collect()
            }
            Answers::Never => Vec::new(),
        };
        let mut queue = Self {
            life,
            next: 0,
            waiting,
            answers,
        };
        queue.skip();
        queue
    }

    /// Passes over what does not come at its own time.
    fn skip(&mut self) {
        while let Some(happening) = self.life.happenings.get(self.next) {
            match (&happening.what, self.answers) {
                (Outside::Answered { after: Some(_), .. }, _)
                | (Outside::Answered { .. }, Answers::Never) => self.next += 1,
                _ => return,
            }
        }
    }

    /// The next that happens, and when. What happened at one moment keeps its order.
    fn first(&self, now: Timestamp) -> Option<(Timestamp, usize)> {
        let own = self.life.happenings.get(self.next);
        let own = own.map(|happening| (happening.at.max(now), self.next));
        let waiting = self.waiting.iter();
        let answer = waiting.filter_map(|(index, at)| Some(((*at)?.max(now), *index)));
        own.into_iter().chain(answer).min()
    }

    fn take(&mut self, index: usize) -> Input {
        if index == self.next {
            self.next += 1;
            self.skip();
        } else {
            self.waiting.retain(|(waits, _)| *waits != index);
        }
        match self.life.happenings[index].what.clone() {
            Outside::Status { status, told } => Input::StatusChanged { status, at: told },
            Outside::Reassigned { unit } => Input::Reassigned { unit },
            Outside::Ordered(ordered) => Input::ByHand(ordered),
            Outside::Answered {
                by, reply, refused, ..
            } => {
                let answer = Answer {
                    responder: by,
                    reply,
                    via: None,
                };
                match refused {
                    Some(Refusal { to, named }) => Input::Refused { answer, to, named },
                    None => Input::Acknowledged(answer),
                }
            }
        }
    }

    /// Whoever was paged just now and is going to answer does so in their time.
    fn told(&mut self, now: Timestamp, transition: &Transition) {
        if self.waiting.is_empty() {
            return;
        }
        for effect in &transition.effects {
            let Effect::Page(order) = effect else {
                continue;
            };
            let theirs = |(index, _): &&mut (usize, Option<Timestamp>)| {
                matches!(&self.life.happenings[*index].what,
                    Outside::Answered { by, .. } if *by == order.responder)
            };
            // The first of theirs: while its time runs, a further page changes nothing.
            if let Some((index, due @ None)) = self.waiting.iter_mut().find(theirs)
                && let Outside::Answered {
                    after: Some(after), ..
                } = &self.life.happenings[*index].what
            {
                *due = Some(now.saturating_add(*after).unwrap_or(Timestamp::MAX));
            }
        }
    }
}
