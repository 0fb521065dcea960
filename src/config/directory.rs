//! The directory's files: units, posts, people, who holds what and who acts for a time.

mod methods;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use self::methods::{address, known_method, method_orders};
use super::{
    document::Document,
    fault::Fault,
    places::Places,
    rosters::{RosterRow, time},
};
use crate::domain::{
    delivery::Transport,
    directory::{Acting, ActingKind, ContactMethod, Directory, Language, Post, Responder, Unit},
    id::{CalendarId, MethodId, PostCode, ResponderId, UnitCode},
    notify::Rule,
    policy::{HEAD, Role},
};

/// A unit as it stands in a file.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UnitRow {
    pub(super) code: UnitCode,
    pub(super) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) short_name: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) aliases: Vec<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) calendars: BTreeMap<CalendarId, CalendarId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) head: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) head_short: Option<String>,
    /// The post above its head.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) above: Option<PostCode>,
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub(super) own_posts: bool,
}

fn yes() -> bool {
    true
}

impl UnitRow {
    /// The titles of its own posts, and the short ones, in the order of [`OWN_POSTS`].
    pub(super) fn own_titles(&self) -> [(String, String); 3] {
        let Self { code, name, .. } = self;
        let head = self.head.clone();
        let head_short = self.head_short.clone();
        [
            (
                head.unwrap_or_else(|| format!("Kepala {name}")),
                head_short.unwrap_or_else(|| format!("Ka {code}")),
            ),
            (format!("Sekretaris {name}"), format!("Sekr {code}")),
            (format!("Penghubung Aduan {name}"), format!("PIC {code}")),
        ]
    }
}

/// A post as it stands in a file.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PostRow {
    pub(super) unit: UnitCode,
    pub(super) role: Role,
    pub(super) title: String,
    pub(super) short_title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) above: Option<PostCode>,
}

/// A person as they stand in a file.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PersonRow {
    pub(super) id: ResponderId,
    pub(super) name: String,
    #[serde(default)]
    pub(super) language: Language,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sms: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) whatsapp: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) voice: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) order: Option<Vec<Transport>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) disabled: Vec<MethodId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) methods: Vec<MethodRow>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) rules: Vec<Rule>,
}

/// A contact method beside the usual ones, with a name of its own: a second telephone.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MethodRow {
    pub(super) id: MethodId,
    pub(super) transport: Transport,
    pub(super) address: String,
}

/// Somebody who acts for a time, as it stands in a file.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ActingRow {
    pub(super) post: PostCode,
    pub(super) responder: ResponderId,
    pub(super) kind: ActingKind,
    pub(super) decree: String,
    pub(super) from: String,
    pub(super) until: String,
}

/// The posts that a unit has unless it says otherwise.
pub(super) const OWN_POSTS: [&str; 3] = [HEAD, "sekretaris", "penghubung"];

/// Puts a directory together from its files.
#[derive(Default)]
pub(super) struct Builder {
    /// What has been read so far.
    pub(super) directory: Directory,
}

impl Builder {
    /// Reads one file; what does not fit is a fault each.
    pub(super) fn add(&mut self, file: &str, text: &str, places: &mut Places) -> Vec<Fault> {
        // The order in which methods stand in the file is the order in which they are tried.
        let orders = method_orders(text);
        self.take(Document::parse(file, text), &orders, places)
    }

    /// The same for what was read in another way; `orders` is in which order each person's methods stand.
    pub(super) fn take(
        &mut self,
        mut document: Document,
        orders: &[Vec<Transport>],
        places: &mut Places,
    ) -> Vec<Fault> {
        let file = &document.file.clone();
        if let Some(value) = document.table.remove("coordinator") {
            let line = document.line("coordinator");
            places.other("directory: coordinator".to_owned(), file, line);
            match value.as_str().map(UnitCode::parse) {
                Some(Ok(code)) => self.directory.coordinator = Some(code),
                _ => document.fault(
                    "coordinator",
                    &value.to_string(),
                    "not a unit's code",
                    "write the code of the coordinator's desk",
                ),
            }
        }
        for (path, table) in document.list("units") {
            if let Some(row) = document.piece::<UnitRow>(&path, table) {
                let line = document.line(&path);
                places.other(format!("directory: unit {}", row.code), file, line);
                for role in OWN_POSTS {
                    let post = format!("directory: post {}.{role}", row.code);
                    places.other(post, file, line);
                }
                self.unit(&mut document, &path, row);
            }
        }
        for (path, table) in document.list("posts") {
            if let Some(row) = document.piece::<PostRow>(&path, table) {
                let place = format!("directory: post {}.{}", row.unit, row.role);
                places.other(place, file, document.line(&path));
                self.post(&mut document, &path, row);
            }
        }
        for (index, (path, table)) in document.list("people").into_iter().enumerate() {
            if let Some(row) = document.piece::<PersonRow>(&path, table) {
                let place = format!("directory: person {}", row.id);
                places.other(place, file, document.line(&path));
                let order = orders.get(index).cloned().unwrap_or_default();
                self.person(&mut document, &path, row, order);
            }
        }
        if let Some(toml::Value::Table(holders)) = document.table.remove("holders") {
            for (post, who) in holders {
                // What is wrong with a post that is held is, as a rule, who holds it.
                let line = document.line(&format!("holders.{post}"));
                places.other(format!("directory: post {post}"), file, line);
                self.holder(&mut document, &post, &who);
            }
        }
        for (path, table) in document.list("acting") {
            if let Some(row) = document.piece::<ActingRow>(&path, table) {
                let place = format!("directory: post {}", row.post);
                places.other(place, file, document.line(&path));
                self.acting(&mut document, &path, row);
            }
        }
        for (path, table) in document.list("rosters") {
            if let Some(row) = document.piece::<RosterRow>(&path, table) {
                let place = format!("directory: post {}", row.post);
                places.other(place, file, document.line(&path));
                self.roster(&mut document, &path, row);
            }
        }
        document.finish(&[
            "coordinator",
            "units",
            "posts",
            "people",
            "holders",
            "acting",
            "rosters",
        ])
    }

    fn unit(&mut self, document: &mut Document, path: &str, row: UnitRow) {
        if self.directory.units.contains_key(&row.code) {
            document.fault(
                &format!("{path}.code"),
                row.code.as_str(),
                "the code is taken",
                "give each unit a code of its own",
            );
            return;
        }
        if let (false, Some(above)) = (row.own_posts, &row.above) {
            document.fault(
                &format!("{path}.above"),
                above.as_str(),
                "stands above the head, and the unit has no posts of its own",
                "write it at the unit's head among [[posts]], or take own_posts = false out",
            );
        }
        if row.own_posts {
            for (role, (title, short_title)) in OWN_POSTS.into_iter().zip(row.own_titles()) {
                // These three words are roles.
                if let Ok(role) = Role::parse(role) {
                    let is_head = role.as_str() == HEAD;
                    self.post(
                        document,
                        path,
                        PostRow {
                            unit: row.code.clone(),
                            role,
                            title,
                            short_title,
                            above: row.above.clone().filter(|_| is_head),
                        },
                    );
                }
            }
        }
        let unit = Unit {
            short_name: row.short_name.unwrap_or_else(|| row.code.to_string()),
            name: row.name,
            aliases: row.aliases,
            calendars: row.calendars,
        };
        self.directory.units.insert(row.code, unit);
    }

    fn post(&mut self, document: &mut Document, path: &str, row: PostRow) {
        let name = format!("{}.{}", row.unit, row.role);
        let code = match PostCode::parse(&name) {
            Ok(code) => code,
            Err(error) => {
                return document.fault(
                    path,
                    &name,
                    &error.to_string(),
                    "shorten the unit's code or the role",
                );
            }
        };
        let post = Post {
            unit: row.unit,
            role: row.role,
            title: row.title,
            short_title: row.short_title,
            above: row.above,
            holder: None,
            acting: Vec::new(),
            roster: None,
        };
        if self.directory.posts.insert(code, post).is_some() {
            document.fault(path, &name, "the post stands twice", "take one of them out");
        }
    }

    fn person(
        &mut self,
        document: &mut Document,
        path: &str,
        row: PersonRow,
        written: Vec<Transport>,
    ) {
        let mut methods = Vec::new();
        let given = [
            (Transport::Sms, &row.sms),
            (Transport::Whatsapp, &row.whatsapp),
            (Transport::Email, &row.email),
            (Transport::Voice, &row.voice),
        ];
        let order = row.order.unwrap_or(written);
        let mut sorted: Vec<_> = given.into_iter().collect();
        sorted.sort_by_key(|(transport, _)| {
            order
                .iter()
                .position(|o| o == transport)
                .unwrap_or(usize::MAX)
        });
        let usual = sorted.into_iter().filter_map(|(transport, text)| {
            let id = MethodId::parse(transport.as_str()).ok()?;
            let field = format!("{path}.{transport}");
            Some((field, id, transport, text.as_ref()?))
        });
        let further = row.methods.iter().enumerate().map(|(index, method)| {
            let field = format!("{path}.methods[{index}].address");
            (field, method.id.clone(), method.transport, &method.address)
        });
        for (field, id, transport, text) in usual.chain(further) {
            if methods.iter().any(|known: &ContactMethod| known.id == id) {
                document.fault(
                    field.trim_end_matches(".address"),
                    id.as_str(),
                    "the name is taken",
                    "give each contact method of a person a name of its own",
                );
                continue;
            }
            match address(transport, text) {
                Ok(address) => methods.push(ContactMethod {
                    enabled: !row.disabled.contains(&id),
                    id,
                    transport,
                    address,
                }),
                Err(problem) => {
                    let remedy = match transport {
                        Transport::Email => "write it as name@example.go.id",
                        _ => "write it as 0812-3456-7890 or +6281234567890",
                    };
                    document.fault(&field, &format!("{text:?}"), &problem, remedy);
                }
            }
        }
        for (index, id) in row.disabled.iter().enumerate() {
            known_method(document, &format!("{path}.disabled[{index}]"), id, &methods);
        }
        let mut rules = row.rules;
        for (index, rule) in rules.iter().enumerate() {
            for (turn, by) in rule.by.iter().enumerate() {
                let field = format!("{path}.rules[{index}].by[{turn}].method");
                known_method(document, &field, &by.method, &methods);
            }
        }
        // What has been told here is not told again.
        let known = |id: &MethodId| methods.iter().any(|method| method.id == *id);
        rules.retain(|rule| rule.by.iter().all(|turn| known(&turn.method)));
        let person = Responder {
            name: row.name,
            language: row.language,
            methods,
            rules,
        };
        if self
            .directory
            .responders
            .insert(row.id.clone(), person)
            .is_some()
        {
            document.fault(
                &format!("{path}.id"),
                row.id.as_str(),
                "the id is taken",
                "give each person an id of their own",
            );
        }
    }

    fn holder(&mut self, document: &mut Document, post: &str, who: &toml::Value) {
        let path = format!("holders.{post}");
        let found = PostCode::parse(post)
            .ok()
            .and_then(|code| self.directory.posts.get_mut(&code));
        let responder = who.as_str().and_then(|text| ResponderId::parse(text).ok());
        match (found, responder) {
            (Some(post), Some(responder)) => post.holder = Some(responder),
            (None, _) => document.fault(
                &path,
                post,
                "there is no such post",
                "write UNIT.role of a unit that stands above, or in an earlier file",
            ),
            (_, None) => document.fault(
                &path,
                &who.to_string(),
                "not a person's id",
                "write the id of one of [[people]]",
            ),
        }
    }

    fn acting(&mut self, document: &mut Document, path: &str, row: ActingRow) {
        let from = time(document, &format!("{path}.from"), &row.from);
        let until = time(document, &format!("{path}.until"), &row.until);
        let (Some(from), Some(until)) = (from, until) else {
            return;
        };
        match self.directory.posts.get_mut(&row.post) {
            Some(post) => post.acting.push(Acting {
                responder: row.responder,
                kind: row.kind,
                decree: row.decree,
                from,
                until,
            }),
            None => document.fault(
                &format!("{path}.post"),
                row.post.as_str(),
                "there is no such post",
                "write UNIT.role of a unit that is known",
            ),
        }
    }

    fn roster(&mut self, document: &mut Document, path: &str, row: RosterRow) {
        let code = row.post.clone();
        let read = row.read(document, path);
        let (problem, remedy) = match self.directory.posts.get_mut(&code) {
            Some(post) if post.roster.is_none() => {
                post.roster = read;
                return;
            }
            Some(_) => ("the desk has a roster already", "write one for each desk"),
            None => (
                "there is no such post",
                "write UNIT.role of a unit that is known",
            ),
        };
        document.fault(&format!("{path}.post"), code.as_str(), problem, remedy);
    }
}
