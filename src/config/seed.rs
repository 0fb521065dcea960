//! Seeds: the directory, policies and calendars as files of TOML, for the first start and for
//! people to edit. Faults of all files are found at once.

use std::{collections::HashMap, fs, path::Path};

use jiff::Timestamp;
use serde::Deserialize;

use super::{
    document::Document,
    fault::{Fault, Gravity},
};
use crate::domain::{
    calendar::Calendar,
    delivery::{Address, EmailAddress, Transport},
    directory::{Acting, ActingKind, ContactMethod, Directory, Language, Post, Responder, Unit},
    id::{CalendarId, MethodId, PostCode, ResponderId, UnitCode},
    phone::PhoneNumber,
    policy::{Policy, Role},
};

/// Everything that is seeded.
#[derive(Debug, Default)]
pub struct Seeds {
    /// The directory.
    pub directory: Directory,
    /// The policies.
    pub policies: Vec<Policy>,
    /// The calendars.
    pub calendars: HashMap<CalendarId, Calendar>,
}

/// A file's name and text.
pub type Source = (String, String);

/// The files that a set of seeds is read from.
#[derive(Debug, Default, Clone)]
pub struct Sources {
    /// Files of the directory.
    pub directory: Vec<Source>,
    /// Files of policies.
    pub policies: Vec<Source>,
    /// Files of calendars; the file's name is the calendar's id.
    pub calendars: Vec<Source>,
}

impl Sources {
    /// What is shipped with the program: the province's units, the standard policy, the calendars.
    /// With `demo`, invented people hold the posts.
    pub fn shipped(demo: bool) -> Self {
        let source = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        let mut directory = vec![source(
            "config/units.toml",
            include_str!("../../config/units.toml"),
        )];
        if demo {
            directory.push(source(
                "config/people.demo.toml",
                include_str!("../../config/people.demo.toml"),
            ));
        }
        Self {
            directory,
            policies: vec![source(
                "config/policies/baku.toml",
                include_str!("../../config/policies/baku.toml"),
            )],
            calendars: vec![
                source(
                    "config/calendars/kalender.toml",
                    include_str!("../../config/calendars/kalender.toml"),
                ),
                source(
                    "config/calendars/kerja.toml",
                    include_str!("../../config/calendars/kerja.toml"),
                ),
            ],
        }
    }

    /// Reads the files that the settings name.
    pub fn read(data: &super::settings::Data, faults: &mut Vec<Fault>) -> Self {
        let mut read = |path: &Path| match fs::read_to_string(path) {
            Ok(text) => Some((path.display().to_string(), text)),
            Err(error) => {
                faults.push(unreadable(path, &error.to_string()));
                None
            }
        };
        let directory = data
            .directory
            .iter()
            .filter_map(|path| read(path))
            .collect();
        let policies = toml_files(&data.policies);
        let calendars = toml_files(&data.calendars);
        let mut all = |found: Result<Vec<std::path::PathBuf>, String>, folder: &Path| match found {
            Ok(paths) => paths.iter().filter_map(|path| read(path)).collect(),
            Err(_) => {
                let _ = read(folder); // Says why the folder cannot be read.
                Vec::new()
            }
        };
        Self {
            directory,
            policies: all(policies, &data.policies),
            calendars: all(calendars, &data.calendars),
        }
    }

    /// Makes seeds of the files; what does not fit is a fault each.
    pub fn parse(&self, faults: &mut Vec<Fault>) -> Seeds {
        let mut seeds = Seeds::default();
        let mut builder = Builder::default();
        for (file, text) in &self.directory {
            faults.extend(builder.add(file, text));
        }
        seeds.directory = builder.directory;
        for (file, text) in &self.policies {
            let mut document = Document::parse(file, text);
            let table = std::mem::take(&mut document.table);
            if document.faults.is_empty()
                && let Some(mut policy) = document.piece::<Policy>("policy", table)
            {
                policy.version = 0; // The store counts.
                seeds.policies.push(policy);
            }
            faults.extend(document.faults);
        }
        for (file, text) in &self.calendars {
            let name = Path::new(file)
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy();
            match (CalendarId::parse(&name), Calendar::from_toml(text)) {
                (Ok(id), Ok(calendar)) => {
                    seeds.calendars.insert(id, calendar);
                }
                (Err(error), _) => faults.push(unreadable(Path::new(file), &error.to_string())),
                (_, Err(error)) => faults.push(unreadable(Path::new(file), &error.to_string())),
            }
        }
        seeds
    }
}

fn toml_files(folder: &Path) -> Result<Vec<std::path::PathBuf>, String> {
    let mut paths: Vec<_> = fs::read_dir(folder)
        .map_err(|error| error.to_string())?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .collect();
    paths.sort();
    Ok(paths)
}

fn unreadable(path: &Path, problem: &str) -> Fault {
    Fault {
        gravity: Gravity::Error,
        file: path.display().to_string(),
        line: None,
        path: "(file)".to_owned(),
        value: String::new(),
        problem: problem.to_owned(),
        remedy: "mend the file, or change the section [data] of the settings".to_owned(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UnitRow {
    code: UnitCode,
    name: String,
    #[serde(default)]
    short_name: Option<String>,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    head: Option<String>,
    #[serde(default)]
    head_short: Option<String>,
    #[serde(default = "yes")]
    own_posts: bool,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PostRow {
    unit: UnitCode,
    role: Role,
    title: String,
    short_title: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PersonRow {
    id: ResponderId,
    name: String,
    #[serde(default)]
    language: Language,
    #[serde(default)]
    sms: Option<String>,
    #[serde(default)]
    whatsapp: Option<String>,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    order: Option<Vec<Transport>>,
    #[serde(default)]
    disabled: Vec<Transport>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ActingRow {
    post: PostCode,
    responder: ResponderId,
    kind: ActingKind,
    decree: String,
    from: String,
    until: String,
}

#[derive(Default)]
struct Builder {
    directory: Directory,
}

impl Builder {
    fn add(&mut self, file: &str, text: &str) -> Vec<Fault> {
        let mut document = Document::parse(file, text);
        if let Some(value) = document.table.remove("coordinator") {
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
                self.unit(&mut document, &path, row);
            }
        }
        for (path, table) in document.list("posts") {
            if let Some(row) = document.piece::<PostRow>(&path, table) {
                self.post(&mut document, &path, row);
            }
        }
        // The order in which methods stand in the file is the order in which they are tried.
        let orders = method_orders(text);
        for (index, (path, table)) in document.list("people").into_iter().enumerate() {
            if let Some(row) = document.piece::<PersonRow>(&path, table) {
                let order = orders.get(index).cloned().unwrap_or_default();
                self.person(&mut document, &path, row, order);
            }
        }
        if let Some(toml::Value::Table(holders)) = document.table.remove("holders") {
            for (post, who) in holders {
                self.holder(&mut document, &post, &who);
            }
        }
        for (path, table) in document.list("acting") {
            if let Some(row) = document.piece::<ActingRow>(&path, table) {
                self.acting(&mut document, &path, row);
            }
        }
        document.finish(&[
            "coordinator",
            "units",
            "posts",
            "people",
            "holders",
            "acting",
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
        if row.own_posts {
            let head = row
                .head
                .clone()
                .unwrap_or_else(|| format!("Kepala {}", row.name));
            let head_short = row
                .head_short
                .clone()
                .unwrap_or_else(|| format!("Ka {}", row.code));
            let posts = [
                ("kepala", head, head_short),
                (
                    "sekretaris",
                    format!("Sekretaris {}", row.name),
                    format!("Sekr {}", row.code),
                ),
                (
                    "penghubung",
                    format!("Penghubung Aduan {}", row.name),
                    format!("PIC {}", row.code),
                ),
            ];
            for (role, title, short_title) in posts {
                // These three words are roles.
                if let Ok(role) = Role::parse(role) {
                    self.post(
                        document,
                        path,
                        PostRow {
                            unit: row.code.clone(),
                            role,
                            title,
                            short_title,
                        },
                    );
                }
            }
        }
        let unit = Unit {
            short_name: row.short_name.unwrap_or_else(|| row.code.to_string()),
            name: row.name,
            aliases: row.aliases,
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
            holder: None,
            acting: Vec::new(),
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
        ];
        let order = row.order.unwrap_or(written);
        let mut sorted: Vec<_> = given.into_iter().collect();
        sorted.sort_by_key(|(transport, _)| {
            order
                .iter()
                .position(|o| o == transport)
                .unwrap_or(usize::MAX)
        });
        for (transport, text) in sorted {
            let Some(text) = text else { continue };
            let address = match transport {
                Transport::Email => EmailAddress::parse(text)
                    .map(Address::Email)
                    .map_err(|e| e.to_string()),
                _ => PhoneNumber::parse(text)
                    .map(Address::Phone)
                    .map_err(|e| e.to_string()),
            };
            match (address, MethodId::parse(transport.as_str())) {
                (Ok(address), Ok(id)) => methods.push(ContactMethod {
                    id,
                    transport,
                    address,
                    enabled: !row.disabled.contains(&transport),
                }),
                (Err(problem), _) => document.fault(
                    &format!("{path}.{transport}"),
                    &format!("{text:?}"),
                    &problem,
                    "",
                ),
                (_, Err(_)) => {}
            }
        }
        let person = Responder {
            name: row.name,
            language: row.language,
            methods,
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
        let mut time = |field: &str, text: &str| {
            text.parse::<Timestamp>().map_err(|_| {
                document.fault(
                    &format!("{path}.{field}"),
                    &format!("{text:?}"),
                    "not a time with an offset",
                    "write it as 2026-11-24T08:00:00+07:00",
                );
            })
        };
        let (from, until) = (time("from", &row.from), time("until", &row.until));
        let (Ok(from), Ok(until)) = (from, until) else {
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
}

/// For each `[[people]]` of a text, its contact methods in the order in which they stand.
fn method_orders(text: &str) -> Vec<Vec<Transport>> {
    let mut orders: Vec<Vec<Transport>> = Vec::new();
    let mut inside = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            inside = line.starts_with("[[people]]");
            if inside {
                orders.push(Vec::new());
            }
        } else if inside
            && let Some((name, _)) = line.split_once('=')
            && let Some(transport) = Transport::ALL
                .into_iter()
                .find(|t| t.as_str() == name.trim())
            && let Some(order) = orders.last_mut()
        {
            order.push(transport);
        }
    }
    orders
}
