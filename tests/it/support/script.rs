//! Reads a call's script (TwiML) and holds it to a list of what it may say: nothing that somebody
//! wrote into a complaint can have become an instruction.

use std::collections::BTreeMap;

/// A script that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Script {
    /// Where a key is told, when one is awaited.
    pub(crate) keys_to: Option<String>,
    /// What is said, in order: the words, how often, in which language, and whether a key is awaited
    /// meanwhile.
    pub(crate) said: Vec<Said>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) words: String,
    pub(crate) times: u32,
    pub(crate) language: String,
    pub(crate) awaits_key: bool,
}

/// What may stand in a script: each element with its attributes, and whether words stand in it.
const ELEMENTS: [(&str, &[&str], bool); 4] = [
    ("Response", &[], false),
    (
        "Gather",
        &[
            "input",
            "numDigits",
            "finishOnKey",
            "timeout",
            "action",
            "method",
        ],
        false,
    ),
    ("Say", &["language", "voice", "loop"], true),
    ("Hangup", &[], false),
];

/// Which element may stand in which.
const INSIDE: [(&str, &str); 5] = [
    ("", "Response"),
    ("Response", "Gather"),
    ("Response", "Say"),
    ("Response", "Hangup"),
    ("Gather", "Say"),
];

/// Reads a script, or says what is wrong.
pub(crate) fn read(text: &str) -> Result<Script, String> {
    let start = r#"<?xml version="1.0" encoding="UTF-8"?>"#;
    let mut rest = text.strip_prefix(start).ok_or("no XML declaration")?;
    let mut open: Vec<&str> = Vec::new();
    let mut script = Script {
        keys_to: None,
        said: Vec::new(),
    };
    let mut has_ended = false;
    while !rest.is_empty() {
        let Some(tag) = rest.strip_prefix('<') else {
            let end = rest.find('<').unwrap_or(rest.len());
            let words = unescaped(&rest[..end])?;
            if open.last() != Some(&"Say") {
                return Err(format!("words outside Say: {words:?}"));
            }
            script.said.last_mut().unwrap().words += &words;
            rest = &rest[end..];
            continue;
        };
        let end = tag.find('>').ok_or("a tag without an end")?;
        let (inner, after) = (&tag[..end], &tag[end + 1..]);
        rest = after;
        if let Some(name) = inner.strip_prefix('/') {
            if open.pop() != Some(name) {
                return Err(format!("{name} ends and has not begun"));
            }
            has_ended |= name == "Response";
            continue;
        }
        let (inner, empty) = match inner.strip_suffix('/') {
            Some(inner) => (inner, true),
            None => (inner, false),
        };
        let (name, attributes) = inner.split_once(' ').unwrap_or((inner, ""));
        let parent = open.last().copied().unwrap_or_default();
        if has_ended || !INSIDE.contains(&(parent, name)) {
            return Err(format!("{name} inside {parent:?}"));
        }
        let (name, allowed, _) = ELEMENTS.iter().find(|(known, ..)| *known == name).unwrap();
        let attributes = attributes_of(attributes)?;
        if let Some(odd) = attributes
            .keys()
            .find(|known| !allowed.contains(&known.as_str()))
        {
            return Err(format!("{name} has no attribute {odd}"));
        }
        begin(&mut script, name, &attributes, parent == "Gather")?;
        if !empty {
            open.push(name);
        }
    }
    if !has_ended || !open.is_empty() {
        return Err("it does not end".to_owned());
    }
    if script.said.iter().any(|said| said.words.trim().is_empty()) {
        return Err("a Say that says nothing".to_owned());
    }
    Ok(script)
}

fn begin(
    script: &mut Script,
    name: &str,
    attributes: &BTreeMap<String, String>,
    awaits_key: bool,
) -> Result<(), String> {
    let value = |name: &str| attributes.get(name).map(String::as_str);
    if name == "Say" {
        let language = value("language").unwrap_or_default();
        if !["id-ID", "en-US"].contains(&language) {
            return Err(format!("no language is {language:?}"));
        }
        script.said.push(Said {
            words: String::new(),
            times: value("loop")
                .map_or(Ok(1), str::parse)
                .map_err(|_| "loop")?,
            language: language.to_owned(),
            awaits_key,
        });
    }
    if name == "Gather" {
        let action = value("action").unwrap_or_default();
        let whole = reqwest::Url::parse(action).is_ok();
        let wait = value("timeout").and_then(|text| text.parse::<u32>().ok());
        let one_key = (value("input"), value("numDigits"), value("method"));
        if !whole || wait.is_none() || one_key != (Some("dtmf"), Some("1"), Some("POST")) {
            return Err(format!("a Gather that gathers no key: {attributes:?}"));
        }
        script.keys_to = Some(action.to_owned());
    }
    Ok(())
}

fn attributes_of(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut attributes = BTreeMap::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"").ok_or("an attribute without value")?;
        let (value, after) = after.split_once('"').ok_or("a value without an end")?;
        if attributes
            .insert(name.to_owned(), unescaped(value)?)
            .is_some()
        {
            return Err(format!("{name} stands twice"));
        }
        rest = after.trim_start();
    }
    Ok(attributes)
}

fn unescaped(text: &str) -> Result<String, String> {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        plain += &rest[..at];
        let (name, after) = rest[at + 1..].split_once(';').ok_or("a bare &")?;
        plain.push(match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            other => return Err(format!("no entity is {other}")),
        });
        rest = after;
    }
    plain += rest;
    match plain.chars().find(|c| c.is_control()) {
        Some(odd) => Err(format!("the character {odd:?}")),
        None => Ok(plain),
    }
}

#[test]
fn a_script_is_held_to_the_list() {
    let whole = |inner: &str| {
        read(&format!(
            r#"<?xml version="1.0" encoding="UTF-8"?><Response>{inner}</Response>"#
        ))
    };
    let said = r#"<Say language="id-ID" loop="2">A &amp; &lt;b&gt;</Say><Hangup/>"#;
    assert_eq!(whole(said).unwrap().said[0].words, "A & <b>");
    let good = r#"<Gather input="dtmf" numDigits="1" timeout="8" action="http://h/?a=1&amp;b=2" method="POST"></Gather>"#;
    let keys_to = whole(good).unwrap().keys_to;
    assert_eq!(keys_to.as_deref(), Some("http://h/?a=1&b=2"));
    for bad in [
        r#"<Say language="id-ID">A & b</Say>"#,
        r#"<Say language="id-ID">A <b>c</b></Say>"#,
        r#"<Say language="id-ID"></Say>"#,
        r#"<Say language="jv-ID">A</Say>"#,
        r#"<Say language="id-ID" loop="x">A</Say>"#,
        r#"<Say language="id-ID" pitch="x">A</Say>"#,
        "<Dial>+62811</Dial>",
        "<Hangup/></Response><Response>",
        r#"<Gather input="dtmf" action="http://h/"></Gather>"#,
        r#"<Say language="id-ID">A"#,
        "words",
    ] {
        assert!(whole(bad).is_err(), "{bad}");
    }
    assert!(read("<Response/>").is_err());
}
