//! Reads `src/` and enforces what keeps it a place where a stranger finds the way.
//!
//! The table below is the import rule of `src/lib.rs`, and it is the one that counts. The scanner
//! is simple on purpose: it blanks comments and texts, then looks for paths. A room is a folder or
//! file directly under `src/`.

#[path = "architecture/scanner.rs"]
mod scanner;

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use scanner::{code_only, line_of, places, rooms_named};

/// Which rooms a room may import. `*` is everything but what nobody imports.
const IMPORTS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("clock", &[]),
    ("telemetry", &["domain"]),
    ("channel", &["domain"]),
    ("config", &["domain", "channel"]),
    ("template", &["domain"]),
    ("report", &["domain"]),
    ("simulate", &["domain"]),
    ("seam", &[]),
    ("store", &["domain", "clock"]),
    ("intake", &["domain", "store"]),
    ("inbound", &["domain", "store", "clock"]),
    (
        "engine",
        &["domain", "store", "intake", "channel", "template", "clock"],
    ),
    ("changes", &["domain", "store", "config", "intake", "clock"]),
    (
        "web",
        &[
            "domain", "store", "inbound", "intake", "channel", "template", "clock", "config",
            "report", "simulate", "changes",
        ],
    ),
    ("app", &["*"]),
    ("cli", &["*"]),
    ("main", &["*"]),
    ("lib", &[]),
];

/// Rooms that only the command line may import, and the command line itself.
const IMPORTED_BY_NOBODY: &[(&str, &[&str])] = &[("app", &["cli", "main"]), ("cli", &["main"])];

/// Rooms that any other may import, because they only describe what is logged, or mark where a
/// death is tested.
const IMPORTED_BY_ALL: &[&str] = &["telemetry", "seam"];

/// What the pure core must not contain: a path or word, and what to do instead.
const IMPURE: &[(&str, &str)] = &[
    (
        "async",
        "a pure function waits for nothing; return an effect",
    ),
    (
        "await",
        "a pure function waits for nothing; return an effect",
    ),
    ("tokio", "do the I/O in engine/ or channel/"),
    ("redis", "do the I/O in store/"),
    ("std::fs", "take the text as an argument"),
    ("std::net", "do the I/O in channel/"),
    ("std::env", "take it as an argument; config/ reads it"),
    ("SystemTime", "take `now: Timestamp` as an argument"),
    ("Instant", "take `now: Timestamp` as an argument"),
    ("now()", "take `now: Timestamp` as an argument"),
];

const LONGEST_FILE: usize = 500;

/// A broken rule, with where and what to do about it.
#[derive(Debug, PartialEq, Eq)]
struct Fault {
    place: String,
    rule: String,
    remedy: String,
}

fn fault(file: &str, line: usize, rule: impl Into<String>, remedy: impl Into<String>) -> Fault {
    Fault {
        place: format!("{file}:{line}"),
        rule: rule.into(),
        remedy: remedy.into(),
    }
}

/// The room of a file: `src/store/keys.rs` is in `store`.
fn room(file: &str) -> &str {
    let inside = file.trim_start_matches("src/");
    let first = inside.split('/').next().unwrap_or(inside);
    first.trim_end_matches(".rs")
}

fn check_imports(file: &str, code: &str) -> Vec<Fault> {
    let here = room(file);
    let Some((_, allowed)) = IMPORTS.iter().find(|(name, _)| *name == here) else {
        let rule = format!("the room `{here}` is not in the import table");
        let remedy = "add it to IMPORTS in tests/architecture.rs and to the table in src/lib.rs";
        return vec![fault(file, 1, rule, remedy)];
    };
    let refused = |named: &str| {
        let known = IMPORTS.iter().any(|(name, _)| *name == named);
        let reserved = IMPORTED_BY_NOBODY.iter().find(|(name, _)| *name == named);
        let open = match reserved {
            Some((_, importers)) => importers.contains(&here),
            None => allowed.contains(&"*") || allowed.contains(&named),
        };
        known && named != here && !open && !IMPORTED_BY_ALL.contains(&named)
    };
    let named = rooms_named(code).into_iter();
    named
        .filter(|(named, _)| refused(named))
        .map(|(named, line)| {
            let rule = format!("`{here}` imports `{named}`; it may import {allowed:?}");
            let remedy = "move the code to the room it belongs to, or hand the value in";
            fault(file, line, rule, remedy)
        })
        .collect()
}

fn check_words(file: &str, code: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut refuse = |word: &str, rule: &str, remedy: &str| {
        for at in places(code, word) {
            faults.push(fault(
                file,
                line_of(code, at),
                format!("`{word}` {rule}"),
                remedy,
            ));
        }
    };
    if room(file) == "domain" {
        for (word, remedy) in IMPURE {
            refuse(word, "in the pure core", remedy);
        }
    }
    if room(file) != "store" {
        refuse(
            "redis::",
            "outside store/",
            "add a method to the store and call it",
        );
    }
    for word in ["todo!", "unimplemented!"] {
        refuse(word, "is not finished", "finish it, or leave it out");
    }
    faults
}

/// Rules about what stands in texts: key names and paths of one machine.
fn check_texts(file: &str, source: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    let with_texts = code_only(source, false);
    if file != "src/store/keys.rs" {
        for (at, _) in with_texts.match_indices("\"siaga:") {
            // A key goes on at once; a sentence ("siaga: not found") has a space.
            if with_texts[at + 7..].starts_with([' ', '"']) {
                continue;
            }
            let remedy = "add a function to src/store/keys.rs";
            faults.push(fault(
                file,
                line_of(&with_texts, at),
                "a key name in a text",
                remedy,
            ));
        }
    }
    for root in ["/home/", "/root/", "/Users/", "/tmp/"] {
        for at in places(source, root) {
            let rule = format!("`{root}` is a path of one machine");
            let remedy = "take the folder from the settings, or std::env::temp_dir()";
            faults.push(fault(file, line_of(source, at), rule, remedy));
        }
    }
    faults
}

fn check_shape(file: &str, source: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    if !source.starts_with("//!") {
        let remedy = "begin the file with `//! What it is for, and why it is so.`";
        faults.push(fault(file, 1, "no module documentation", remedy));
    }
    let lines = source.lines().count();
    if lines > LONGEST_FILE {
        let rule = format!("{lines} lines; at most {LONGEST_FILE}");
        faults.push(fault(
            file,
            lines,
            rule,
            "split it where it changes its subject",
        ));
    }
    faults
}

fn check_lua(file: &str, source: &str) -> Vec<Fault> {
    let header: Vec<_> = source
        .lines()
        .take_while(|line| line.starts_with("--"))
        .collect();
    ["KEYS", "ARGV", "Returns", "Why"]
        .into_iter()
        .filter(|word| {
            !header
                .iter()
                .any(|line| line[2..].trim_start().starts_with(word))
        })
        .map(|word| {
            let rule = format!("the script's header has no line `-- {word} ...`");
            fault(
                file,
                1,
                rule,
                "say it in the comment at the top of the file",
            )
        })
        .collect()
}

fn check(file: &str, source: &str) -> Vec<Fault> {
    if Path::new(file)
        .extension()
        .is_some_and(|kind| kind == "lua")
    {
        return check_lua(file, source);
    }
    let mut faults = check_shape(file, source);
    if file.starts_with("src/") {
        let code = code_only(source, true);
        faults.extend(check_imports(file, &code));
        faults.extend(check_words(file, &code));
        faults.extend(check_texts(file, source));
    }
    faults
}

/// The Rust and Lua files under `folder`; none when there is no such folder.
fn files_under(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.flatten().map(|entry| entry.path());
    let mut files: Vec<_> = paths
        .flat_map(|path| {
            if path.is_dir() {
                files_under(&path)
            } else {
                vec![path]
            }
        })
        .filter(|path| {
            path.extension()
                .is_some_and(|kind| kind == "rs" || kind == "lua")
        })
        .collect();
    files.sort();
    files
}

#[test]
fn the_tree_keeps_the_rules() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["src", "tests", "benches"];
    let files: Vec<_> = folders
        .iter()
        .flat_map(|folder| files_under(&root.join(folder)))
        .collect();
    assert!(
        files.len() > 5,
        "the tree was not found under {}",
        root.display()
    );
    let mut report = String::new();
    for path in files {
        let source = fs::read_to_string(&path).expect("source is UTF-8");
        let name = path
            .strip_prefix(root)
            .expect("under the root")
            .to_string_lossy();
        for Fault {
            place,
            rule,
            remedy,
        } in check(&name, &source)
        {
            writeln!(report, "{place}: {rule}\n    remedy: {remedy}").expect("a text grows");
        }
    }
    assert!(report.is_empty(), "the tree breaks its rules:\n{report}");
}

#[test]
fn every_rule_can_be_broken() {
    let long = format!("//! x\n{}", "// y\n".repeat(LONGEST_FILE));
    let cases: &[(&str, &str, &[&str])] = &[
        (
            "src/domain/a.rs",
            "//! x\nuse crate::store::Store;",
            &["`domain` imports `store`"],
        ),
        (
            "src/domain/a.rs",
            "//! x\nuse crate::domain::id;\nuse super::phone;",
            &[],
        ),
        (
            "src/domain/a.rs",
            "//! x tokio, async\nconst A: &str = \"async\";",
            &[],
        ),
        (
            "src/domain/a.rs",
            "//! x\nasync fn f() {}",
            &["`async` in the pure core"],
        ),
        (
            "src/domain/a.rs",
            "//! x\nlet a = Timestamp::now();",
            &["`now()` in the pure core"],
        ),
        (
            "src/domain/a.rs",
            "//! x\nuse std::fs;",
            &["`std::fs` in the pure core"],
        ),
        (
            "src/engine/a.rs",
            "//! x\nuse crate::inbound;",
            &["`engine` imports `inbound`"],
        ),
        (
            "src/web/a.rs",
            "//! x\nuse crate::app::App;",
            &["`web` imports `app`"],
        ),
        ("src/web/a.rs", "//! x\nuse crate::telemetry::Masked;", &[]),
        ("src/main.rs", "//! x\nuse siaga::{app, cli, web};", &[]),
        (
            "src/web/a.rs",
            "//! x\nlet c = redis::cmd(\"GET\");",
            &["`redis::` outside store/"],
        ),
        ("src/store/a.rs", "//! x\nuse redis::Script;", &[]),
        (
            "src/store/a.rs",
            "//! x\nlet k = \"siaga:due\";",
            &["a key name in a text"],
        ),
        ("src/store/keys.rs", "//! x\nlet k = \"siaga:due\";", &[]),
        (
            "src/store/a.rs",
            "use std::fmt;",
            &["no module documentation"],
        ),
        ("src/store/a.rs", &long, &["501 lines; at most 500"]),
        (
            "src/store/a.rs",
            "//! x\ntodo!()",
            &["`todo!` is not finished"],
        ),
        (
            "src/store/a.rs",
            "//! x\n// see /home/budi",
            &["`/home/` is a path"],
        ),
        (
            "src/cellar/a.rs",
            "//! x",
            &["the room `cellar` is not in the import table"],
        ),
        (
            "src/store/a.lua",
            "-- Why: x\n-- KEYS[1] y\n-- ARGV[1] z\n-- Returns ok\n",
            &[],
        ),
        (
            "src/store/a.lua",
            "-- Why: x\n-- KEYS[1] y\n-- ARGV none\nreturn 1",
            &["`-- Returns"],
        ),
    ];
    for (file, source, expected) in cases {
        let found: Vec<_> = check(file, source)
            .into_iter()
            .map(|fault| fault.rule)
            .collect();
        assert_eq!(found.len(), expected.len(), "{file} {source:?}: {found:?}");
        for (rule, part) in found.iter().zip(*expected) {
            assert!(
                rule.contains(part),
                "{file}: {rule:?} says nothing of {part:?}"
            );
        }
    }
}
