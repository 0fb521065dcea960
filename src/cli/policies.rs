//! `siaga policies`: by which rules a complaint gets its policy, and which one a complaint that might
//! come would get and why. By the files of the section `[data]`, so it can be asked before they go live.

use std::{fmt::Write as _, process::ExitCode};

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Failure, supposed::Supposed};
use crate::{
    app,
    config::Settings,
    domain::{
        rulebook::Rulebook,
        selection::{Candidate, Matter, Misfit, Selection},
    },
};

/// What can be asked.
#[derive(Subcommand)]
pub(super) enum Policies {
    /// Show the rules of all policies in the order in which they are asked.
    List(List),
    /// Tell which policy a complaint would get, by which rule, and why not by the others.
    Explain(Explain),
}

/// The words of `siaga policies list`.
#[derive(Args)]
pub(super) struct List {
    /// Print it for machines.
    #[arg(long)]
    json: bool,
}

/// The words of `siaga policies explain`.
#[derive(Args)]
pub(super) struct Explain {
    #[command(flatten)]
    complaint: Supposed,
    /// Print it for machines.
    #[arg(long)]
    json: bool,
}

/// How a rule fared.
enum Verdict {
    /// It decides.
    Chosen,
    /// It fits too, and is asked later.
    Later,
    /// It does not fit.
    Misfit(Misfit),
}

pub(super) fn run(settings: &Settings, words: &Policies) -> Result<ExitCode, Failure> {
    let files = app::files(settings, false);
    if files.faults.has_errors() {
        return Err(Failure::Wrong(files.faults.to_string()));
    }
    let book = files.seeds.book;
    let selection = Selection::of(book.policies.values());
    let default = settings.data.default_policy.as_str();
    match words {
        Policies::List(list) => {
            if list.json {
                let rules: Vec<Value> = selection.candidates().iter().map(rule).collect();
                println!("{}", json!({ "rules": rules, "default": default }));
            } else {
                print!("{}", listed(&selection, default));
            }
        }
        Policies::Explain(explain) => {
            let told = explained(&book, &selection, default, explain)?;
            print!("{told}");
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn listed(selection: &Selection, default: &str) -> String {
    let mut text = String::new();
    for one in selection.candidates() {
        let _ = writeln!(text, "{}  {}", head(one), one.rule);
    }
    let _ = writeln!(text, "    -  {default}  when no rule fits");
    text
}

fn head(one: &Candidate) -> String {
    format!("{:>5}  {} {}", one.rule.order, one.policy.id, one.place())
}

fn rule(one: &Candidate) -> Value {
    json!({ "policy": one.policy.id, "place": one.place(), "rule": one.rule })
}

fn explained(
    book: &Rulebook,
    selection: &Selection,
    default: &str,
    explain: &Explain,
) -> Result<String, Failure> {
    // When it comes decides nothing here.
    let complaint = explain
        .complaint
        .complaint(&book.directory, Timestamp::UNIX_EPOCH)?;
    let matter = Matter::of(&complaint, &book.directory);
    let mut decided = None;
    let verdicts: Vec<(&Candidate, Verdict)> = selection
        .candidates()
        .iter()
        .map(|one| {
            let verdict = match one.misfit(&matter) {
                Some(misfit) => Verdict::Misfit(misfit),
                None if decided.is_some() => Verdict::Later,
                None => {
                    decided = Some(one);
                    Verdict::Chosen
                }
            };
            (one, verdict)
        })
        .collect();
    let policy = decided.map_or(default, |one| one.policy.id.as_str());
    if explain.json {
        let rules: Vec<Value> = verdicts
            .iter()
            .map(|(one, verdict)| {
                let (word, misfit) = match verdict {
                    Verdict::Chosen => ("chosen", None),
                    Verdict::Later => ("later", None),
                    Verdict::Misfit(it) => {
                        ("misfit", Some(json!({ "field": it.field, "has": it.has })))
                    }
                };
                let mut rule = rule(one);
                rule["verdict"] = word.into();
                rule["misfit"] = misfit.into();
                rule
            })
            .collect();
        let by = decided.map_or_else(|| "data.default_policy".to_owned(), Candidate::place);
        let told = json!({ "policy": policy, "by": by, "rules": rules });
        return Ok(format!("{told}\n"));
    }
    let mut text = match decided {
        Some(one) => format!("{policy}, by its rule {} ({})\n", one.place(), one.rule),
        None => format!("{policy}, the default (data.default_policy): no rule fits\n"),
    };
    for (one, verdict) in &verdicts {
        let why = match verdict {
            Verdict::Chosen => "fits and is asked first: decides".to_owned(),
            Verdict::Later => "fits too, but is asked later".to_owned(),
            Verdict::Misfit(Misfit { field, has }) => {
                let has = has.as_deref().unwrap_or("nothing there");
                format!("does not fit: {field} does not name what it has ({has})")
            }
        };
        let _ = writeln!(text, "{}  {why}", head(one));
    }
    if decided.is_some() {
        let _ = writeln!(text, "    -  {default}  is for what no rule fits");
    }
    Ok(text)
}
