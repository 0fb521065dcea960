//! Days, times and lengths as a calendar writes them.

use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, DateTime, Time},
    tz::{TimeZone, TimeZoneDatabase},
};

use super::{Fault, lines::Line};

/// A time on a wall, or a whole day.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Moment {
    pub(super) wall: DateTime,
    pub(super) zone: TimeZone,
    pub(super) whole_day: bool,
}

impl Moment {
    /// The instant; a day begins at midnight.
    pub(super) fn instant(&self) -> Option<Timestamp> {
        self.zone.to_timestamp(self.wall).ok()
    }

    /// The same at another time on the wall.
    pub(super) fn at(&self, wall: DateTime) -> Self {
        Self {
            wall,
            ..self.clone()
        }
    }
}

/// The zones that Microsoft's programs call by names of their own, as far as they are Indonesia's.
const OTHER_NAMES: [(&str, &str); 5] = [
    ("SE Asia Standard Time", "Asia/Jakarta"),
    ("Singapore Standard Time", "Asia/Makassar"),
    ("Tokyo Standard Time", "Asia/Jayapura"),
    ("Coordinated Universal Time", "UTC"),
    ("GMT", "UTC"),
];

/// The times of a property that may have several (EXDATE, RDATE).
pub(super) fn moments(line: &Line, zone: &TimeZone) -> Result<Vec<Moment>, Fault> {
    let of_line = zone_of(line, zone)?;
    let each = line.value.split(',');
    each.map(|text| moment_in(line, text, &of_line)).collect()
}

/// The time of a property.
pub(super) fn moment(line: &Line, zone: &TimeZone) -> Result<Moment, Fault> {
    moment_in(line, &line.value, &zone_of(line, zone)?)
}

fn moment_in(line: &Line, text: &str, zone: &TimeZone) -> Result<Moment, Fault> {
    let fault = || {
        line.fault(
            "it is no time",
            "write 20261224T080000Z, TZID=Asia/Jakarta:20261224T080000 or VALUE=DATE:20261224",
        )
    };
    read(text, zone).ok_or_else(fault)
}

/// A time without its property.
pub(super) fn read(text: &str, zone: &TimeZone) -> Option<Moment> {
    let text = text.trim();
    let (text, zone) = match text.strip_suffix(['Z', 'z']) {
        Some(text) => (text, TimeZone::UTC),
        None => (text, zone.clone()),
    };
    let (day, time) = match text.split_once(['T', 't']) {
        Some((day, time)) => (day, Some(time)),
        None => (text, None),
    };
    let day = digits(day, &[4, 2, 2])?;
    let date = Date::new(
        i16::try_from(day[0]).ok()?,
        i8::try_from(day[1]).ok()?,
        i8::try_from(day[2]).ok()?,
    );
    let date = date.ok()?;
    let Some(time) = time else {
        return Some(Moment {
            wall: date.to_datetime(Time::midnight()),
            zone,
            whole_day: true,
        });
    };
    let time = digits(time, &[2, 2, 2])?;
    // A leap second is the last second of its minute.
    let second = time[2].min(59);
    let parts = [time[0], time[1], second].map(i8::try_from);
    let [Ok(hour), Ok(minute), Ok(second)] = parts else {
        return None;
    };
    if time[2] > 60 {
        return None;
    }
    let time = Time::new(hour, minute, second, 0).ok()?;
    Some(Moment {
        wall: date.to_datetime(time),
        zone,
        whole_day: false,
    })
}

/// Numbers of these widths, one after the other, and nothing else.
fn digits(text: &str, widths: &[usize]) -> Option<Vec<u16>> {
    if text.len() != widths.iter().sum::<usize>() || !text.bytes().all(|it| it.is_ascii_digit()) {
        return None;
    }
    let mut rest = text;
    let mut found = Vec::with_capacity(widths.len());
    for width in widths {
        let (number, behind) = rest.split_at(*width);
        found.push(number.parse().ok()?);
        rest = behind;
    }
    Some(found)
}

fn zone_of(line: &Line, usual: &TimeZone) -> Result<TimeZone, Fault> {
    let Some(name) = line.parameter("TZID") else {
        return Ok(usual.clone());
    };
    let known = OTHER_NAMES.iter().find(|(other, _)| *other == name);
    let known = known.map_or(name, |(_, zone)| zone);
    // Some programs put their own address before it: /example.org/Asia/Jakarta.
    let from_end = known.rmatch_indices('/').map(|(at, _)| &known[at + 1..]);
    let mut tries = std::iter::once(known).chain(from_end.filter(|it| it.contains('/')));
    let database = TimeZoneDatabase::bundled();
    tries
        .find_map(|name| database.get(name).ok())
        .ok_or_else(|| {
            Fault::new(
                line.number,
                &format!("{} TZID", line.name),
                name,
                "this zone is not known",
                "name it as the world does: Asia/Jakarta, Asia/Makassar, Asia/Jayapura",
            )
        })
}

/// A length: `PT8H`, `P1D`, `P1W`, `P1DT12H`. None when it is none, or negative.
pub(super) fn length(text: &str) -> Option<SignedDuration> {
    let text = text.trim();
    let text = text.strip_prefix('+').unwrap_or(text);
    let text = text.strip_prefix('P')?;
    let (days, time) = match text.split_once('T') {
        Some((days, time)) if !time.is_empty() => (days, time),
        Some(_) => return None,
        None => (text, ""),
    };
    let days = parts(days, &[('W', 7 * 24 * 3600), ('D', 24 * 3600)])?;
    let time = parts(time, &[('H', 3600), ('M', 60), ('S', 1)])?;
    let seconds = days.checked_add(time)?;
    (seconds > 0 && !text.is_empty()).then(|| SignedDuration::from_secs(seconds))
}

/// Numbers with these units behind them, in this order, as seconds.
fn parts(text: &str, units: &[(char, i64)]) -> Option<i64> {
    let mut rest = text;
    let mut seconds = 0_i64;
    for (unit, worth) in units {
        if let Some((number, behind)) = rest.split_once(*unit) {
            if number.is_empty() || !number.bytes().all(|it| it.is_ascii_digit()) {
                return None;
            }
            let number: i64 = number.parse().ok()?;
            seconds = seconds.checked_add(number.checked_mul(*worth)?)?;
            rest = behind;
        }
    }
    rest.is_empty().then_some(seconds)
}
