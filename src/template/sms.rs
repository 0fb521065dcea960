//! Short messages: always one GSM-7 part, whatever the data.
//!
//! What is dear is never cut: the ticket and how to answer. What is cut goes in an order: area,
//! category, title, unit. If a text still does not fit, a bare one that always does takes its
//! place.

use jiff::{Timestamp, tz::TimeZone};
use minijinja::Value;

use super::{
    Recipient, plain,
    words::{self, AlertWords, NoteWords},
};
use crate::domain::{
    gsm::{self, Alphabet, RouteRules},
    message::{Alert, ReplyNote},
};

/// A fitted text, and whether the template's own words found room.
#[derive(Debug)]
pub(crate) struct Fitted {
    pub(crate) text: String,
    /// Only the bare text fitted.
    pub(crate) bare: bool,
}

/// What of a shortened field is still worth its room, in septets.
const LEAST_FIELD: usize = 5;
const CUT_MARK: &str = "..";

enum Field {
    BallastLink,
    Area,
    Category,
    Addressee,
    Unit,
    Proposed,
    From,
    OnlyLink,
}

/// An alert by `render`, shortened until it fits.
pub(crate) fn alert<E>(
    alert: &Alert,
    to: &Recipient,
    now: Timestamp,
    zone: &TimeZone,
    rules: &RouteRules,
    mut render: impl FnMut(Value) -> Result<String, E>,
) -> Result<Fitted, E> {
    let mut words = AlertWords::new(alert, to, now, zone).for_sms(rules);
    let mut text = squeeze(&render(words.value())?);
    for field in [
        Field::BallastLink,
        Field::Area,
        Field::Category,
        Field::Addressee,
        Field::Unit,
        Field::From,
        Field::Proposed,
        Field::OnlyLink,
    ] {
        let Some(over) = too_long_by(&text) else {
            return Ok(Fitted { text, bare: false });
        };
        match field {
            // Where one can reply, a link is a second way and the first thing to go.
            Field::BallastLink if words.two_way => words.link = None,
            Field::BallastLink => {}
            Field::Area => shorten(&mut words.area, over),
            Field::Category => shorten(&mut words.category, over),
            Field::Addressee => shorten(&mut words.addressee, over),
            Field::Unit => shorten(&mut words.unit, over),
            Field::From => shorten(&mut words.from, over),
            Field::Proposed => shorten(&mut words.proposed, over),
            Field::OnlyLink => words.link = None,
        }
        text = squeeze(&render(words.value())?);
    }
    if too_long_by(&text).is_none() {
        return Ok(Fitted { text, bare: false });
    }
    Ok(Fitted {
        text: plain::sms_alert(&words),
        bare: true,
    })
}

/// A reply note by `render`, shortened until it fits.
pub(crate) fn note<E>(
    note: &ReplyNote,
    to: &Recipient,
    now: Timestamp,
    zone: &TimeZone,
    rules: &RouteRules,
    mut render: impl FnMut(Value) -> Result<String, E>,
) -> Result<Fitted, E> {
    let mut words = NoteWords::new(note, to, now, zone).for_sms(words::asks(note), rules);
    // A part never holds more than this many; the rest would only cost renderings.
    while words.open.len() > 16 {
        words.open.pop();
        words.more += 1;
    }
    loop {
        let text = squeeze(&render(words.value())?);
        let Some(over) = too_long_by(&text) else {
            return Ok(Fitted { text, bare: false });
        };
        let by_length = gsm::measure(&words.by).units;
        if words.code.is_some() {
            words.code = None;
        } else if words.open.pop().is_some() {
            words.more += 1;
        } else if words.choices.len() > 1 {
            words.choices.pop();
        } else if words.proposed.is_some() {
            words.proposed = None;
        } else if words
            .passed_to
            .as_ref()
            .is_some_and(|to| gsm::measure(to).units > LEAST_FIELD)
        {
            shorten(&mut words.passed_to, over);
        } else if by_length > LEAST_FIELD {
            let mut by = Some(std::mem::take(&mut words.by));
            shorten(&mut by, over);
            words.by = by.unwrap_or_else(|| "..".to_owned());
        } else {
            return Ok(Fitted {
                text: plain::sms_note(&words),
                bare: true,
            });
        }
    }
}

/// One line in the alphabet.
pub(crate) fn squeeze(text: &str) -> String {
    gsm::force(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn too_long_by(text: &str) -> Option<usize> {
    // Squeezed, so it is in the alphabet.
    gsm::measure(text)
        .units
        .checked_sub(Alphabet::Gsm7.single_part())
        .filter(|over| *over > 0)
}

/// Takes `over` septets from a field, or the whole field when too little would be left.
fn shorten(field: &mut Option<String>, over: usize) {
    let Some(text) = field.take() else { return };
    let cut = gsm::cut_to(&text, gsm::measure(&text).units.saturating_sub(over));
    let kept = cut.trim_end_matches([' ', '.', ',']);
    if gsm::measure(kept).units >= LEAST_FIELD {
        *field = Some(format!("{kept}{CUT_MARK}"));
    }
}
