//! What is live, written back as files: read again they are exactly what is live.
//!
//! Each file is made of the rows that the reader reads, so a field that is added to a row must be
//! given here or it does not compile. And before a file is written all are read back and compared:
//! what the files could not carry is told, never dropped.

use jiff::SignedDuration;
use serde::Serialize;
use serde_json::Value;

use super::{
    directory::{ActingRow, MethodRow, OWN_POSTS, PersonRow, PostRow, UnitRow},
    fault::Faults,
    rosters::RosterRow,
    seed::{Source, Sources},
};
use crate::domain::{
    calendar::{Calendar, CalendarForm},
    delivery::{Address, Transport},
    difference::{self, Entry},
    directory::{ContactMethod, Directory, Post, Responder, Unit},
    id::{PostCode, ResponderId, UnitCode},
    policy::{LENGTHS_OF_TIME, Policy},
    rulebook::Rulebook,
};

/// Why a rulebook cannot be written as files.
#[derive(Debug, thiserror::Error)]
pub enum ExportFault {
    /// A value has no form in a file.
    #[error("{0} cannot be written: {1}")]
    Unwritable(String, toml::ser::Error),
    /// What was written is not read.
    #[error("what would be written is not read back:\n{0}")]
    Unread(Faults),
    /// What was written is read as something else.
    #[error(
        "the files cannot carry all of it; they would change {}",
        named(.0)
    )]
    Other(Vec<Entry>),
}

fn named(entries: &[Entry]) -> String {
    let names: Vec<&str> = entries.iter().map(|entry| entry.what.as_str()).collect();
    names.join(", ")
}

#[derive(Serialize)]
struct UnitsFile {
    #[serde(skip_serializing_if = "Option::is_none")]
    coordinator: Option<UnitCode>,
    units: Vec<UnitRow>,
    posts: Vec<PostRow>,
}

#[derive(Serialize)]
struct PeopleFile {
    people: Vec<PersonRow>,
    holders: toml::Table,
    acting: Vec<ActingRow>,
    rosters: Vec<RosterRow>,
}

/// The files of a rulebook: `units.toml`, `people.toml`, and one for each policy and calendar.
///
/// # Errors
/// When the files could not carry all of it.
pub fn files(book: &Rulebook) -> Result<Sources, ExportFault> {
    let text = |name: &str, head: &str, value: Result<String, toml::ser::Error>| {
        value
            .map(|text| -> Source { (name.to_owned(), format!("{head}\n\n{text}")) })
            .map_err(|error| ExportFault::Unwritable(name.to_owned(), error))
    };
    let (units, people) = directory(&book.directory);
    let mut sources = Sources {
        directory: vec![
            text(
                "units.toml",
                "# The units and their posts, written by siaga export.",
                toml::to_string(&units),
            )?,
            text(
                "people.toml",
                "# The people, and who holds which post, written by siaga export.",
                toml::to_string(&people),
            )?,
        ],
        ..Sources::default()
    };
    for (id, one) in &book.policies {
        let head = format!("# The policy {id}, written by siaga export.");
        let name = format!("policies/{id}.toml");
        sources
            .policies
            .push(text(&name, &head, toml::to_string(&policy(one)))?);
    }
    for (id, calendar) in &book.calendars {
        let head = format!("# The calendar {id}, written by siaga export.");
        let name = format!("calendars/{id}.toml");
        let form = CalendarForm::from(Calendar::clone(calendar));
        sources
            .calendars
            .push(text(&name, &head, toml::to_string(&form))?);
    }
    let mut faults = Vec::new();
    let read = sources.parse(&mut faults).book;
    let faults = Faults(faults);
    if faults.has_errors() {
        return Err(ExportFault::Unread(faults));
    }
    let lost = difference::differences(book, &read);
    if lost.is_empty() {
        Ok(sources)
    } else {
        Err(ExportFault::Other(lost))
    }
}

/// The rows of a directory, by the names of their lists.
pub(super) fn rows(of: &Directory) -> Result<toml::Table, ExportFault> {
    let unwritable = |error| ExportFault::Unwritable("the directory".to_owned(), error);
    let (units, people) = directory(of);
    let mut rows = toml::Table::try_from(units).map_err(unwritable)?;
    rows.extend(toml::Table::try_from(people).map_err(unwritable)?);
    Ok(rows)
}

fn directory(directory: &Directory) -> (UnitsFile, PeopleFile) {
    let Directory {
        coordinator,
        units,
        posts,
        responders,
    } = directory;
    let rows: Vec<UnitRow> = units
        .iter()
        .map(|(code, unit)| unit_row(code, unit, directory))
        .collect();
    let is_own = |post: &Post| {
        let mut own = rows.iter().filter(|row| row.own_posts);
        OWN_POSTS.contains(&post.role.as_str()) && own.any(|row| row.code == post.unit)
    };
    let mut holders = toml::Table::new();
    let (mut further, mut acting) = (Vec::new(), Vec::new());
    for (code, post) in posts {
        if !is_own(post) {
            further.push(PostRow {
                unit: post.unit.clone(),
                role: post.role.clone(),
                title: post.title.clone(),
                short_title: post.short_title.clone(),
                above: post.above.clone(),
            });
        }
        if let Some(holder) = &post.holder {
            holders.insert(code.to_string(), holder.to_string().into());
        }
        acting.extend(post.acting.iter().map(|one| ActingRow {
            post: code.clone(),
            responder: one.responder.clone(),
            kind: one.kind,
            decree: one.decree.clone(),
            from: one.from.to_string(),
            until: one.until.to_string(),
        }));
    }
    let rosters = posts
        .iter()
        .filter_map(|(code, post)| Some(RosterRow::new(code, post.roster.as_ref()?)));
    let people = responders.iter();
    let plain = !responders.values().any(|it| it.name.contains('\n'));
    (
        UnitsFile {
            coordinator: coordinator.clone(),
            units: rows,
            posts: further,
        },
        PeopleFile {
            people: people
                .map(|(id, person)| person_row(id, person, plain))
                .collect(),
            holders,
            acting,
            rosters: rosters.collect(),
        },
    )
}

/// A unit whose posts are those that every unit has needs no word about them.
fn unit_row(code: &UnitCode, unit: &Unit, directory: &Directory) -> UnitRow {
    let Unit {
        name,
        short_name,
        aliases,
        calendars,
    } = unit;
    let mut row = UnitRow {
        code: code.clone(),
        name: name.clone(),
        short_name: (short_name != code.as_str()).then(|| short_name.clone()),
        aliases: aliases.clone(),
        calendars: calendars.clone(),
        head: None,
        head_short: None,
        above: None,
        own_posts: true,
    };
    let posts = OWN_POSTS.map(|role| {
        let code = PostCode::parse(&format!("{code}.{role}")).ok()?;
        directory.posts.get(&code)
    });
    let [(head, head_short), rest @ ..] = row.own_titles();
    let fits = |post: Option<&Post>, (title, short): &(String, String)| {
        post.is_some_and(|post| {
            post.title == *title && post.short_title == *short && post.above.is_none()
        })
    };
    match posts[0] {
        Some(post) if fits(posts[1], &rest[0]) && fits(posts[2], &rest[1]) => {
            row.head = (post.title != head).then(|| post.title.clone());
            row.above = post.above.clone();
            row.head_short = (post.short_title != head_short).then(|| post.short_title.clone());
        }
        _ => row.own_posts = false,
    }
    row
}

/// `plain`: no text of the file runs over several lines, so the order of its lines can be relied on.
fn person_row(id: &ResponderId, person: &Responder, plain: bool) -> PersonRow {
    let Responder {
        name,
        language,
        methods,
        rules,
    } = person;
    // Those that have a field of their own stand before those that are listed.
    let mut seen: Vec<Transport> = Vec::new();
    let usual = methods.iter().take_while(|method| {
        let is_usual = method.id.as_str() == method.transport.as_str();
        let is_first = !seen.contains(&method.transport);
        seen.push(method.transport);
        is_usual && is_first
    });
    let (usual, further) = methods.split_at(usual.count());
    let of = |transport: Transport| {
        let mut those = usual.iter().filter(|it| it.transport == transport);
        those.next().map(address)
    };
    let order: Vec<Transport> = usual.iter().map(|it| it.transport).collect();
    let disabled = methods.iter().filter(|it| !it.enabled);
    let further = further.iter().map(|method| MethodRow {
        id: method.id.clone(),
        transport: method.transport,
        address: address(method),
    });
    PersonRow {
        id: id.clone(),
        name: name.clone(),
        language: *language,
        sms: of(Transport::Sms),
        whatsapp: of(Transport::Whatsapp),
        email: of(Transport::Email),
        voice: of(Transport::Voice),
        // As the fields stand in the file they are tried, unless an order is given.
        order: (!plain || !order.is_sorted()).then(|| order.clone()),
        disabled: disabled.map(|it| it.id.clone()).collect(),
        methods: further.collect(),
        rules: rules.clone(),
    }
}

fn address(method: &ContactMethod) -> String {
    match &method.address {
        Address::Phone(number) => number.as_str().to_owned(),
        Address::Email(address) => address.as_str().to_owned(),
    }
}

/// A policy with its lengths of time as people write them.
fn policy(policy: &Policy) -> Value {
    let mut value = serde_json::to_value(policy).unwrap_or_default();
    if let Some(table) = value.as_object_mut() {
        table.remove("version"); // The store counts.
    }
    friendly("", &mut value);
    value
}

fn friendly(name: &str, value: &mut Value) {
    match value {
        Value::Object(table) => {
            for (name, value) in table {
                friendly(name, value);
            }
        }
        Value::Array(list) => {
            for value in list {
                friendly(name, value);
            }
        }
        Value::String(text) if LENGTHS_OF_TIME.contains(&name) => {
            if let Ok(length) = text.parse::<SignedDuration>() {
                *text = format!("{length:#}");
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
