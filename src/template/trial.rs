//! An administrator's template on trial: with every sample, in every circumstance, before it is used.

use std::collections::BTreeSet;

use minijinja::Environment;

use super::{
    Renderer, SAMPLE_NOW, TemplateFault, lint,
    samples::{circumstances, samples},
    words,
};
use crate::domain::{gsm, message::Message};

impl Renderer {
    /// Everything that is wrong with a file, each finding once with the first sample that has it.
    pub(super) fn try_samples(&self, tried: &Environment<'_>, file: &str) -> Vec<TemplateFault> {
        let mut faults = Vec::new();
        let mut told = BTreeSet::new();
        for (sample, content) in samples() {
            // Of the others' words this file is not to blame.
            let kind = format!("/{}.", words::kind_of(&content));
            for to in circumstances() {
                let (message, bare) = match self.compose(tried, &content, &to, SAMPLE_NOW) {
                    Ok(composed) => composed,
                    Err(fault) => {
                        // One word on a line: what it leaves out differs by circumstance.
                        if told.insert(format!("{} {:?}", fault.file, fault.line)) {
                            faults.push(fault);
                        }
                        continue;
                    }
                };
                let of_it = file.contains(&kind) || file.contains("/farewell.");
                if !of_it || !file.starts_with(to.transport.as_str()) {
                    continue;
                }
                for (what, remedy) in self.found_in(&message, bare) {
                    if told.insert(what.clone()) {
                        faults.push(TemplateFault::new(
                            file,
                            format!("with the sample {sample}: {what}"),
                            format!("{remedy}; the shipped template is used meanwhile"),
                        ));
                    }
                }
            }
        }
        faults
    }

    /// What no gateway of the message's transport may be given: what, and what to do.
    fn found_in(&self, message: &Message, bare: bool) -> Vec<(String, String)> {
        match message {
            Message::Sms { .. } if bare => vec![(
                "too long for one SMS part even when shortened".to_owned(),
                "use fewer words".to_owned(),
            )],
            Message::Sms { text } => gsm::lint(text, &self.carriers.together)
                .into_iter()
                .map(lint::told)
                .collect(),
            Message::Voice { .. } => lint::check_voice(message.plain_text())
                .err()
                .map(|(what, remedy)| (what, remedy.to_owned()))
                .into_iter()
                .collect(),
            _ => Vec::new(),
        }
    }
}
