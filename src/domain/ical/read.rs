//! A calendar's events, and the times that they mean.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp, civil::DateTime};

use super::{
    FAULTS, Fault, LARGEST, Occurrence, STEPS, Wanted,
    lines::{Line, lines},
    recur::Rule,
    times::{Moment, length, moment, moments},
};

/// Reads the times that a calendar marks within what is wanted, in their order.
///
/// # Errors
/// Everything that is not understood; nothing of the calendar is to be used then.
pub fn read(text: &str, wanted: &Wanted) -> Result<Vec<Occurrence>, Vec<Fault>> {
    if text.len() > LARGEST {
        let size = format!("{} bytes", text.len());
        let remedy = "export fewer months at once";
        let problem = format!("a calendar may have {LARGEST} bytes");
        return Err(vec![Fault::new(1, "file", &size, &problem, remedy)]);
    }
    let lines = lines(text)?;
    let mut faults = Vec::new();
    let mut events = Vec::new();
    for found in components(&lines)? {
        match Event::read(found, wanted) {
            Ok(event) => events.push(event),
            Err(fault) => faults.push(fault),
        }
        if faults.len() >= FAULTS {
            break;
        }
    }
    let times = if faults.is_empty() {
        times(events, wanted, &mut faults)
    } else {
        Vec::new()
    };
    if faults.is_empty() {
        Ok(times)
    } else {
        Err(faults)
    }
}

/// The lines of each event. What else a calendar has (zones, alarms, tasks) marks no time.
fn components(lines: &[Line]) -> Result<Vec<&[Line]>, Vec<Fault>> {
    let whole = "export the calendar anew as iCalendar (.ics)";
    let mut open: Vec<(&str, usize)> = Vec::new();
    let mut events = Vec::new();
    let mut calendars = 0;
    for (place, line) in lines.iter().enumerate() {
        let outside = open.is_empty();
        match line.name.as_str() {
            "BEGIN" if outside && !line.value.eq_ignore_ascii_case("VCALENDAR") => {
                return Err(vec![line.fault("it is no calendar", whole)]);
            }
            "BEGIN" => {
                calendars += usize::from(outside);
                open.push((&line.value, place + 1));
            }
            "END" => match open.pop() {
                Some((name, from)) if name.eq_ignore_ascii_case(&line.value) => {
                    let in_calendar = open.len() == 1;
                    if in_calendar && name.eq_ignore_ascii_case("VEVENT") {
                        events.push(&lines[from..place]);
                    }
                }
                _ => return Err(vec![line.fault("it ends what was not begun", whole)]),
            },
            _ if outside => return Err(vec![line.fault("it stands in no calendar", whole)]),
            _ => {}
        }
    }
    let last = lines.last().map_or(1, |line| line.number);
    match open.last() {
        Some((name, _)) => {
            let problem = "the file ends before it does: it was cut off";
            Err(vec![Fault::new(last, "BEGIN", name, problem, whole)])
        }
        None if calendars == 0 => {
            let problem = "there is no calendar in it";
            Err(vec![Fault::new(last, "file", "", problem, whole)])
        }
        None => Ok(events),
    }
}

/// An event as it stands.
struct Event {
    line: usize,
    uid: String,
    sequence: u32,
    begins: Moment,
    lasts: SignedDuration,
    rule: Option<Rule>,
    more: Vec<Moment>,
    without: Vec<Moment>,
    /// Which time of the event of the same name it stands for.
    instead_of: Option<Moment>,
    cancelled: bool,
    summary: String,
    attendees: Vec<String>,
    responder: Option<String>,
}

impl Event {
    fn read(lines: &[Line], wanted: &Wanted) -> Result<Self, Fault> {
        // What lies in it (an alarm, for one) is not its own.
        let mut depth = 0_usize;
        let own: Vec<&Line> = lines
            .iter()
            .filter(|line| {
                let begins = line.name == "BEGIN";
                depth += usize::from(begins);
                let own = depth == 0;
                depth -= usize::from(line.name == "END" && depth > 0);
                own
            })
            .collect();
        let get = |name: &str| own.iter().find(|line| line.name == name).copied();
        let all = |name: &'static str| own.iter().filter(move |line| line.name == name);
        let number = lines.first().map_or(1, |line| line.number);
        let missing = |name: &str| {
            let remedy = "export the calendar anew as iCalendar (.ics)";
            Fault::new(number, name, "", "an event is without it", remedy)
        };
        let zone = &wanted.zone;
        let begins = moment(get("DTSTART").ok_or_else(|| missing("DTSTART"))?, zone)?;
        let lasts = lasts(&begins, get("DTEND"), get("DURATION"), number, wanted)?;
        let mut rules = all("RRULE");
        let rule = rules
            .next()
            .map(|line| Rule::read(line, &begins))
            .transpose()?;
        if let Some(second) = rules.next().or_else(|| all("EXRULE").next()) {
            let remedy = "write each time as an event of its own";
            return Err(second.fault("an event with several rules is not understood", remedy));
        }
        if let Some(line) = all("RDATE").find(|line| line.parameter("VALUE") == Some("PERIOD")) {
            let remedy = "write each time as an event of its own";
            return Err(line.fault("times with an end of their own are not understood", remedy));
        }
        let several = |name: &'static str| -> Result<Vec<Moment>, Fault> {
            let read = all(name).map(|line| moments(line, zone));
            let read: Result<Vec<Vec<Moment>>, Fault> = read.collect();
            Ok(read?.into_iter().flatten().collect())
        };
        let instead_of = get("RECURRENCE-ID");
        if let Some(line) = instead_of.filter(|line| line.parameter("RANGE").is_some()) {
            let remedy = "end the event there, and write a new one from there on";
            return Err(line.fault("a change from one time on is not understood", remedy));
        }
        let attendees = all("ATTENDEE").filter_map(|line| {
            let (scheme, address) = line.value.split_once(':')?;
            let is_mail = scheme.eq_ignore_ascii_case("mailto");
            is_mail.then(|| address.trim().to_lowercase())
        });
        let text = |name: &str| get(name).map(Line::text);
        Ok(Self {
            line: number,
            uid: text("UID").unwrap_or_else(|| format!("line {number}")),
            sequence: get("SEQUENCE").map_or(Ok(0), sequence)?,
            lasts,
            rule,
            more: several("RDATE")?,
            without: several("EXDATE")?,
            instead_of: instead_of.map(|line| moment(line, zone)).transpose()?,
            cancelled: text("STATUS").is_some_and(|it| it.eq_ignore_ascii_case("CANCELLED")),
            summary: text("SUMMARY").unwrap_or_default(),
            attendees: attendees.collect(),
            responder: text("X-SIAGA-RESPONDER"),
            begins,
        })
    }

    /// When it begins, each time; none when that is too often.
    fn begins(&self, until: Timestamp, steps: &mut usize) -> Option<Vec<DateTime>> {
        let mut begins = match &self.rule {
            Some(rule) => rule.begins(&self.begins, until, steps)?,
            None => vec![self.begins.wall],
        };
        let zone = &self.begins.zone;
        begins.extend(self.more.iter().filter_map(|it| {
            if it.whole_day {
                return Some(it.wall);
            }
            Some(zone.to_datetime(it.instant()?))
        }));
        begins.sort();
        begins.dedup();
        let left_out = |wall: &DateTime| {
            let instant = self.begins.at(*wall).instant();
            self.without.iter().any(|it| {
                if it.whole_day {
                    it.wall.date() == wall.date()
                } else {
                    it.instant() == instant
                }
            })
        };
        begins.retain(|wall| !left_out(wall));
        *steps = steps.checked_sub(begins.len())?;
        Some(begins)
    }

    fn occurrence(&self, begins: &Moment) -> Option<Occurrence> {
        let from = begins.instant()?;
        let until = if begins.whole_day {
            // Days have the length that they have in their zone.
            let days = i32::try_from(self.lasts.as_hours() / 24).ok()?;
            let last = begins.wall.checked_add(jiff::Span::new().days(days)).ok()?;
            begins.at(last).instant()?
        } else {
            from.checked_add(self.lasts).ok()?
        };
        Some(Occurrence {
            from,
            until,
            summary: self.summary.clone(),
            attendees: self.attendees.clone(),
            responder: self.responder.clone(),
            line: self.line,
        })
    }
}

/// How long an event lasts: to its end, for its length, or, a day without either, that day.
fn lasts(
    begins: &Moment,
    end: Option<&Line>,
    duration: Option<&Line>,
    number: usize,
    wanted: &Wanted,
) -> Result<SignedDuration, Fault> {
    let day = SignedDuration::from_hours(24);
    if let Some(line) = end {
        let ends = moment(line, &wanted.zone)?;
        let after = "let it end after it begins";
        if ends.whole_day != begins.whole_day {
            return Err(line.fault(
                "it begins by the hour and ends by the day, or the other way",
                after,
            ));
        }
        let lasts = if begins.whole_day {
            let days = begins.wall.date().until(ends.wall.date());
            days.ok().map(|days| day * days.get_days())
        } else {
            let both = begins.instant().zip(ends.instant());
            both.map(|(from, until)| until.duration_since(from))
        };
        return lasts
            .filter(SignedDuration::is_positive)
            .ok_or_else(|| line.fault("it ends before it begins", after));
    }
    if let Some(line) = duration {
        return length(&line.value)
            .filter(|it| !begins.whole_day || it.as_secs() % day.as_secs() == 0)
            .ok_or_else(|| line.fault("no length for it", "write PT8H for hours, P1D for a day"));
    }
    if begins.whole_day {
        return Ok(day);
    }
    let problem = "an event by the hour has no end";
    let remedy = "give it DTEND or DURATION";
    Err(Fault::new(number, "DTEND", "", problem, remedy))
}

/// Which revision of an event it is: of two with one UID the higher one counts.
fn sequence(line: &Line) -> Result<u32, Fault> {
    let remedy = "write a whole number from 0 on, or leave the line out";
    let read = line.text().trim().parse();
    read.map_err(|_| line.fault("no revision of an event", remedy))
}

/// The times of all events within what is wanted.
fn times(events: Vec<Event>, wanted: &Wanted, faults: &mut Vec<Fault>) -> Vec<Occurrence> {
    // The newest of an event that stands there several times counts, and so does each change of one time.
    let mut newest: BTreeMap<(String, Option<Timestamp>), Event> = BTreeMap::new();
    for event in events {
        let of = event.instead_of.as_ref().and_then(Moment::instant);
        let key = (event.uid.clone(), of);
        match newest.get(&key) {
            Some(known) if known.sequence > event.sequence => {}
            Some(known) if known.sequence == event.sequence => {
                let problem = format!("the event of line {} has the same UID", known.line);
                let remedy = "give each event a UID of its own";
                faults.push(Fault::new(event.line, "UID", &event.uid, &problem, remedy));
            }
            _ => drop(newest.insert(key, event)),
        }
    }
    let changed: BTreeSet<(String, Timestamp)> = newest
        .keys()
        .filter_map(|(uid, of)| Some((uid.clone(), (*of)?)))
        .collect();
    let mut steps = STEPS;
    let mut found = Vec::new();
    for event in newest.values().filter(|event| !event.cancelled) {
        let Some(begins) = event.begins(wanted.until, &mut steps) else {
            let problem = format!("all events together recur more than {STEPS} times");
            let remedy = "let what recurs begin later, or end";
            faults.push(Fault::new(
                event.line, "RRULE", &event.uid, &problem, remedy,
            ));
            return Vec::new();
        };
        for wall in begins {
            let begins = event.begins.at(wall);
            let is_changed = event.instead_of.is_none()
                && begins
                    .instant()
                    .is_some_and(|at| changed.contains(&(event.uid.clone(), at)));
            if is_changed {
                continue;
            }
            let occurrence = event.occurrence(&begins);
            found.extend(occurrence.filter(|it| it.until > wanted.from && it.from < wanted.until));
        }
    }
    found.sort_by_key(|it| (it.from, it.until, it.line));
    found
}
