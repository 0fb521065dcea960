//! Templates: those shipped, and those of an administrator's folder that may stand in for them.
//!
//! An override is accepted only when it compiles and says what it must with every sample, in every
//! circumstance, so that a slip of the pen is found at start and not by a page that never went out.

use std::{fmt, fs, io, path::Path};

use minijinja::{Environment, UndefinedBehavior, syntax::SyntaxConfig};

/// Every shipped template that may be overridden: its name, which is its path in the folder, and
/// its text.
pub(crate) const SHIPPED: [(&str, &str); 38] = [
    template(
        "sms/alert.id.txt",
        include_str!("../../templates/sms/alert.id.txt"),
    ),
    template(
        "sms/alert.en.txt",
        include_str!("../../templates/sms/alert.en.txt"),
    ),
    template(
        "sms/reply.id.txt",
        include_str!("../../templates/sms/reply.id.txt"),
    ),
    template(
        "sms/reply.en.txt",
        include_str!("../../templates/sms/reply.en.txt"),
    ),
    template(
        "whatsapp/alert.id.txt",
        include_str!("../../templates/whatsapp/alert.id.txt"),
    ),
    template(
        "whatsapp/alert.en.txt",
        include_str!("../../templates/whatsapp/alert.en.txt"),
    ),
    template(
        "whatsapp/reply.id.txt",
        include_str!("../../templates/whatsapp/reply.id.txt"),
    ),
    template(
        "whatsapp/reply.en.txt",
        include_str!("../../templates/whatsapp/reply.en.txt"),
    ),
    template(
        "email/layout.html",
        include_str!("../../templates/email/layout.html"),
    ),
    template(
        "email/reply.html",
        include_str!("../../templates/email/reply.html"),
    ),
    template(
        "email/alert.id.html",
        include_str!("../../templates/email/alert.id.html"),
    ),
    template(
        "email/alert.en.html",
        include_str!("../../templates/email/alert.en.html"),
    ),
    template(
        "email/alert.id.txt",
        include_str!("../../templates/email/alert.id.txt"),
    ),
    template(
        "email/alert.en.txt",
        include_str!("../../templates/email/alert.en.txt"),
    ),
    template(
        "email/alert.id.subject.txt",
        include_str!("../../templates/email/alert.id.subject.txt"),
    ),
    template(
        "email/alert.en.subject.txt",
        include_str!("../../templates/email/alert.en.subject.txt"),
    ),
    template(
        "email/reply.id.txt",
        include_str!("../../templates/email/reply.id.txt"),
    ),
    template(
        "email/reply.en.txt",
        include_str!("../../templates/email/reply.en.txt"),
    ),
    template(
        "email/reply.id.subject.txt",
        include_str!("../../templates/email/reply.id.subject.txt"),
    ),
    template(
        "email/reply.en.subject.txt",
        include_str!("../../templates/email/reply.en.subject.txt"),
    ),
    template(
        "sms/bundle.id.txt",
        include_str!("../../templates/sms/bundle.id.txt"),
    ),
    template(
        "sms/bundle.en.txt",
        include_str!("../../templates/sms/bundle.en.txt"),
    ),
    template(
        "whatsapp/bundle.id.txt",
        include_str!("../../templates/whatsapp/bundle.id.txt"),
    ),
    template(
        "whatsapp/bundle.en.txt",
        include_str!("../../templates/whatsapp/bundle.en.txt"),
    ),
    template(
        "email/bundle.id.txt",
        include_str!("../../templates/email/bundle.id.txt"),
    ),
    template(
        "email/bundle.en.txt",
        include_str!("../../templates/email/bundle.en.txt"),
    ),
    template(
        "email/bundle.id.subject.txt",
        include_str!("../../templates/email/bundle.id.subject.txt"),
    ),
    template(
        "email/bundle.en.subject.txt",
        include_str!("../../templates/email/bundle.en.subject.txt"),
    ),
    template(
        "email/bundle.id.html",
        include_str!("../../templates/email/bundle.id.html"),
    ),
    template(
        "email/bundle.en.html",
        include_str!("../../templates/email/bundle.en.html"),
    ),
    template(
        "voice/bundle.id.txt",
        include_str!("../../templates/voice/bundle.id.txt"),
    ),
    template(
        "voice/bundle.en.txt",
        include_str!("../../templates/voice/bundle.en.txt"),
    ),
    template(
        "voice/alert.id.txt",
        include_str!("../../templates/voice/alert.id.txt"),
    ),
    template(
        "voice/alert.en.txt",
        include_str!("../../templates/voice/alert.en.txt"),
    ),
    template(
        "voice/reply.id.txt",
        include_str!("../../templates/voice/reply.id.txt"),
    ),
    template(
        "voice/reply.en.txt",
        include_str!("../../templates/voice/reply.en.txt"),
    ),
    template(
        "voice/farewell.id.txt",
        include_str!("../../templates/voice/farewell.id.txt"),
    ),
    template(
        "voice/farewell.en.txt",
        include_str!("../../templates/voice/farewell.en.txt"),
    ),
];

const fn template(name: &'static str, text: &'static str) -> (&'static str, &'static str) {
    (name, text)
}

/// The most an override may hold; a message is a few hundred characters.
const LARGEST_FILE: u64 = 64 * 1024;

/// What is wrong with a template, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct TemplateFault {
    /// The template's name, which is its path in the folder: `sms/alert.id.txt`.
    pub file: String,
    /// The line, where one can be named; counts from 1.
    pub line: Option<usize>,
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub remedy: String,
}

impl fmt::Display for TemplateFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "template {}", self.file)?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        write!(f, ": {}; {}", self.problem, self.remedy)
    }
}

impl TemplateFault {
    pub(crate) fn new(file: &str, problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            line: None,
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }

    pub(crate) fn of_engine(file: &str, error: &minijinja::Error) -> Self {
        let detail = error
            .detail()
            .map(|detail| format!(": {detail}"))
            .unwrap_or_default();
        Self {
            file: error
                .name()
                .filter(|name| !name.starts_with('<'))
                .unwrap_or(file)
                .to_owned(),
            line: error.line(),
            problem: format!("{}{detail}", error.kind()),
            remedy: "correct it (docs/message-templates.md lists what a template may use), or delete the file to use the shipped one"
                .to_owned(),
        }
    }
}

/// The shipped templates, compiled. Whatever does not compile (a test says: none) is missing, and
/// its message falls back to plain words.
pub(crate) fn shipped() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let mut syntax = SyntaxConfig::builder();
    syntax.trim_blocks(true).lstrip_blocks(true);
    if let Ok(syntax) = syntax.build() {
        environment.set_syntax(syntax);
    }
    for (name, text) in SHIPPED {
        let _compiles = environment.add_template(name, text);
    }
    environment
}

/// What a folder of overrides holds.
pub(crate) struct Found {
    /// Name and text, in order of name.
    pub(crate) templates: Vec<(String, String)>,
    /// What is no template, or cannot be read.
    pub(crate) faults: Vec<TemplateFault>,
}

/// The files of the folder.
pub(crate) fn read(folder: &Path) -> io::Result<Found> {
    let mut found = Vec::new();
    let mut faults = Vec::new();
    // A folder that cannot be read at all is a wrong setting, not a wrong template.
    fs::read_dir(folder)?;
    for part in ["sms", "whatsapp", "email", "voice"] {
        let entries = match fs::read_dir(folder.join(part)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            let file = entry.file_name().to_string_lossy().into_owned();
            // Editors leave these behind.
            if file.starts_with('.') || file.ends_with('~') {
                continue;
            }
            let name = format!("{part}/{file}");
            if !SHIPPED.iter().any(|(known, _)| *known == name) {
                faults.push(unknown(&name));
                continue;
            }
            match read_text(&entry.path()) {
                Ok(text) => found.push((name, text)),
                Err(problem) => faults.push(TemplateFault::new(
                    &name,
                    problem,
                    "write it as UTF-8 text of at most 64 KiB, readable by the service",
                )),
            }
        }
    }
    found.sort();
    Ok(Found {
        templates: found,
        faults,
    })
}

fn read_text(path: &Path) -> Result<String, String> {
    let length = fs::metadata(path).map_err(|error| error.to_string())?.len();
    if length > LARGEST_FILE {
        return Err(format!("has {length} bytes"));
    }
    fs::read_to_string(path).map_err(|error| error.to_string())
}

fn unknown(name: &str) -> TemplateFault {
    let nearest = SHIPPED
        .iter()
        .map(|(known, _)| *known)
        .max_by(|a, b| strsim::jaro(a, name).total_cmp(&strsim::jaro(b, name)))
        .unwrap_or_default();
    TemplateFault::new(
        name,
        "is not the name of a template that can be overridden",
        format!("did you mean {nearest}? Rename or delete the file"),
    )
}
