//! Whom a refusal names: looked up once, when the reply comes, so that whatever is done for it later
//! does not depend on how the directory looks by then.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::domain::{
    conversation::{Conversation, Outcome},
    directory::Directory,
    id::{ComplaintId, ResponderId, UnitCode},
    message::{Choice, ReplyNote},
    referral::{self, Named, Referral},
    reply::{self, Meaning},
};

/// No more complaints are named one by one in an answer: then all are.
const KEYS: usize = 5;

/// What a reply asks for, when it is known whom it names. A hand-over whose words could mean several
/// is asked back; a refusal stands without a name.
pub(super) fn named(
    outcome: Outcome,
    text: &str,
    meaning: &Meaning,
    conversation: &Conversation,
    directory: &Directory,
    responder: &ResponderId,
    now: Timestamp,
) -> Outcome {
    let Outcome::Refuse { complaints, to, .. } = outcome else {
        return outcome;
    };
    let unnamed = |to| Outcome::Refuse {
        complaints: complaints.clone(),
        to,
        named: None,
    };
    let Some(words) = reply::names(text) else {
        return unnamed(to);
    };
    let own = referral::units_of(directory, responder, now);
    match referral::find(directory, &words, &own) {
        Referral::Nobody => unnamed(to),
        Referral::One(named) => Outcome::Refuse {
            complaints,
            to: to.or(Some(words)),
            named: Some(named),
        },
        Referral::OneOf(choices) => match meaning {
            Meaning::HandOver { .. } => Outcome::Say(ReplyNote::ToWhom {
                complaint: match complaints.as_slice() {
                    [only] => Some(only.clone()),
                    _ => None,
                },
                key: key(&complaints, conversation),
                choices: to_choose(&choices, directory, &own),
            }),
            _ => unnamed(to),
        },
    }
}

fn to_choose(choices: &[Named], directory: &Directory, own: &BTreeSet<UnitCode>) -> Vec<Choice> {
    let choices = choices.iter().map(|named| Choice {
        shown: referral::short_name(directory, named),
        words: referral::words_for(directory, named, own),
    });
    choices.collect()
}

/// What names these complaints in the answer that is asked for.
fn key(complaints: &[ComplaintId], conversation: &Conversation) -> String {
    let keys = complaints.iter().map(|complaint| {
        let code = conversation.asks.get(complaint).and_then(|ask| ask.code);
        code.map_or_else(|| complaint.to_string(), |code| code.to_string())
    });
    if complaints.len() > KEYS {
        return "SEMUA".to_owned();
    }
    keys.collect::<Vec<_>>().join(" ")
}
