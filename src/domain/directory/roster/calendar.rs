//! Duties as times of a calendar, and times of a calendar as duties.
//!
//! Whose a time is must be certain, because that person is woken: by our own id, by an e-mail address of the
//! directory among those who are to be there, or by a name that only one person has.

use jiff::{SignedDuration, Timestamp};

use super::{By, Leave, Override, Roster, Shift};
use crate::domain::{
    delivery::Address,
    directory::{Directory, Post},
    ical::{Event, Fault, Occurrence},
    id::{PostCode, ResponderId},
};

/// How far back a shift may have begun to be shown with its true beginning.
const LOOK_BACK: SignedDuration = SignedDuration::from_hours(60 * 24);

impl Directory {
    /// When somebody is on duty at desks, or acts for a post: theirs alone, nobody else's name is in it.
    pub fn duties_of(&self, who: &ResponderId, from: Timestamp, until: Timestamp) -> Vec<Event> {
        let mut events = Vec::new();
        for (code, post) in &self.posts {
            let acts = post.acting.iter().any(|it| it.responder == *who);
            if post.roster.is_none() && !acts {
                continue;
            }
            let shifts = self.shifts_since(post, from, until);
            let theirs = shifts.filter(|it| it.responder.as_ref() == Some(who));
            let at_desk = post.roster.is_some();
            let theirs = theirs.filter(|it| at_desk || it.by == By::Acting);
            events.extend(theirs.filter_map(|shift| event(code, post, &shift, None)));
        }
        events.sort_by(|one, other| (one.from, &one.id).cmp(&(other.from, &other.id)));
        events
    }

    /// Who is on duty at a desk, with their names.
    pub fn duties_at(&self, code: &PostCode, from: Timestamp, until: Timestamp) -> Vec<Event> {
        let Some(post) = self.posts.get(code) else {
            return Vec::new();
        };
        let shifts = self.shifts_since(post, from, until);
        let named = shifts.filter_map(|shift| {
            let person = self.responders.get(shift.responder.as_ref()?)?;
            event(code, post, &shift, Some(&person.name))
        });
        named.collect()
    }

    fn shifts_since(
        &self,
        post: &Post,
        from: Timestamp,
        until: Timestamp,
    ) -> impl Iterator<Item = Shift> {
        let before = from.saturating_sub(LOOK_BACK).unwrap_or(Timestamp::MIN);
        let shifts = post.shifts(before, until, self).into_iter();
        shifts.filter(move |shift| shift.until > from)
    }

    /// Whose times of a calendar are: everybody's the same if that is said.
    fn whose(&self, time: &Occurrence, only: Option<&ResponderId>) -> Result<ResponderId, Fault> {
        if let Some(only) = only {
            return Ok(only.clone());
        }
        let known = |id: &str| {
            let id = ResponderId::parse(id).ok()?;
            self.responders.contains_key(&id).then_some(id)
        };
        if let Some(id) = &time.responder {
            return known(id)
                .ok_or_else(|| unclear(time, "X-SIAGA-RESPONDER", id, "there is no such person"));
        }
        let is_invited = |address: &Address| match address {
            Address::Email(own) => time.attendees.iter().any(|it| it == own.as_str()),
            Address::Phone(_) => false,
        };
        let people = self.responders.iter();
        let invited: Vec<&ResponderId> = people
            .filter(|(_, person)| person.methods.iter().any(|it| is_invited(&it.address)))
            .map(|(id, _)| id)
            .collect();
        match invited[..] {
            [one] => return Ok(one.clone()),
            [_, _, ..] => {
                let all = time.attendees.join(", ");
                let problem = "several people of the directory are to be there";
                return Err(unclear(time, "ATTENDEE", &all, problem));
            }
            [] => {}
        }
        let summary = time.summary.trim();
        if let Some(id) = known(summary) {
            return Ok(id);
        }
        let mut named = self
            .responders
            .iter()
            .filter(|(_, person)| plain(&person.name) == plain(summary));
        match (named.next(), named.next()) {
            (Some((id, _)), None) => Ok(id.clone()),
            (Some(_), Some(_)) => Err(unclear(
                time,
                "SUMMARY",
                summary,
                "several people are called so",
            )),
            (None, _) => Err(unclear(
                time,
                "SUMMARY",
                summary,
                "it is not clear whose time this is",
            )),
        }
    }

    /// Times of a calendar as orders to stand by.
    ///
    /// # Errors
    /// Every time of which it is not clear whose it is.
    pub fn as_overrides(
        &self,
        times: &[Occurrence],
        only: Option<&ResponderId>,
        (by, reason): (&str, &str),
    ) -> Result<Vec<Override>, Vec<Fault>> {
        self.each(times, |time| {
            Ok(Override {
                responder: self.whose(time, only)?,
                from: time.from,
                until: time.until,
                by: by.to_owned(),
                reason: reason.to_owned(),
            })
        })
    }

    /// Times of a calendar as times in which members are away.
    ///
    /// # Errors
    /// Every time of which it is not clear whose it is.
    pub fn as_leave(
        &self,
        times: &[Occurrence],
        only: Option<&ResponderId>,
    ) -> Result<Vec<Leave>, Vec<Fault>> {
        self.each(times, |time| {
            Ok(Leave {
                member: self.whose(time, only)?,
                from: time.from,
                until: time.until,
            })
        })
    }

    fn each<T>(
        &self,
        times: &[Occurrence],
        read: impl Fn(&Occurrence) -> Result<T, Fault>,
    ) -> Result<Vec<T>, Vec<Fault>> {
        let (mut found, mut faults) = (Vec::new(), Vec::new());
        for time in times {
            match read(time) {
                Ok(one) => found.push(one),
                // What recurs says the same each time.
                Err(fault) if faults.contains(&fault) => {}
                Err(fault) => faults.push(fault),
            }
        }
        if faults.is_empty() {
            Ok(found)
        } else {
            Err(faults)
        }
    }
}

impl Roster {
    /// Takes out leave that is not over, of one person or of all, so that a calendar alone decides of it.
    pub fn take_leave(&mut self, only: Option<&ResponderId>, now: Timestamp) {
        self.leave
            .retain(|it| it.until <= now || only.is_some_and(|only| *only != it.member));
    }

    /// Puts orders in that are not there yet; gives how many. With `instead_of`, what was ordered in that name
    /// and is not over is taken out first, so that the calendar alone decides of it.
    pub fn put_overrides(
        &mut self,
        new: Vec<Override>,
        instead_of: Option<&str>,
        now: Timestamp,
    ) -> usize {
        if let Some(name) = instead_of {
            self.overrides.retain(|it| it.by != name || it.until <= now);
        }
        let mut put = 0;
        for one in new {
            let same = |it: &Override| {
                (&it.responder, it.from, it.until) == (&one.responder, one.from, one.until)
            };
            if !self.overrides.iter().any(same) {
                self.overrides.push(one);
                put += 1;
            }
        }
        self.overrides.sort_by_key(|it| it.from);
        put
    }

    /// Puts leave in that is not there yet; gives how much.
    pub fn put_leave(&mut self, new: Vec<Leave>) -> usize {
        let mut put = 0;
        for one in new {
            if !self.leave.contains(&one) {
                self.leave.push(one);
                put += 1;
            }
        }
        self.leave
            .sort_by(|one, other| (one.from, &one.member).cmp(&(other.from, &other.member)));
        put
    }
}

fn event(code: &PostCode, post: &Post, shift: &Shift, name: Option<&str>) -> Option<Event> {
    let responder = shift.responder.as_ref()?;
    let how = match shift.by {
        By::Override => " (pengganti)",
        By::StandIn => " (menggantikan yang cuti)",
        By::Acting | By::Turn | By::Holder | By::Nobody => "",
    };
    let acting = post.acting_at(shift.from).map(|it| it.kind.abbreviation());
    let title = match (shift.by, acting) {
        (By::Acting, Some(acting)) => format!("{acting} {}", post.title),
        _ => post.title.clone(),
    };
    Some(Event {
        id: format!("{code}.{}.{responder}", shift.from.as_second()),
        from: shift.from,
        until: shift.until,
        summary: match name {
            Some(name) => format!("{name}{how}"),
            None => format!("Siaga: {title}{how}"),
        },
        description: match name {
            Some(_) => title,
            None => "Telepon menyala, pesan Siaga dibalas.".to_owned(),
        },
        responder: responder.to_string(),
    })
}

fn unclear(time: &Occurrence, field: &str, value: &str, problem: &str) -> Fault {
    Fault {
        line: time.line,
        field: field.to_owned(),
        value: value.chars().take(80).collect(),
        problem: problem.to_owned(),
        remedy: "call it by the person's name or id, invite them by the e-mail address that the directory has, \
                 or say whose all of it is (--person)"
            .to_owned(),
    }
}

/// A name without what people write differently.
fn plain(name: &str) -> String {
    let words = name.split_whitespace().map(str::to_lowercase);
    words.collect::<Vec<_>>().join(" ")
}
