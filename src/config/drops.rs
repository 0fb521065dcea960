//! What the operator behind a gateway drops without a word, as it is written.

use serde::Deserialize;

use super::document::Document;
use crate::domain::{delivery::Transport, gsm::RouteRules};

/// The longest word that can be written; a short message has 160 characters.
const LONGEST_WORD: usize = 40;

/// `drops = { words = [...], numbers_over = 3 }`: what is left out is as with any cautious route.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Written {
    words: Option<Vec<String>>,
    numbers_over: Option<u8>,
}

/// Reads what one gateway drops; whether links and answers pass is said elsewhere.
pub(super) fn read(
    document: &mut Document,
    path: &str,
    written: Option<Written>,
    transport: Transport,
) -> RouteRules {
    let mut rules = RouteRules::default();
    let Some(written) = written else {
        return rules;
    };
    if transport != Transport::Sms {
        document.fault(
            path,
            transport.as_str(),
            "only short messages are filtered by their words",
            "leave drops out",
        );
    }
    if let Some(longest) = written.numbers_over {
        if longest == 0 {
            document.fault(
                &format!("{path}.numbers_over"),
                "0",
                "every number would be dropped, and so every code to answer by",
                "write the digits of the longest number that passes: 3, or 160 for any",
            );
        }
        rules.max_digit_run = Some(longest);
    }
    if let Some(words) = written.words {
        for (index, word) in words.iter().enumerate() {
            let length = word.trim().chars().count();
            if length == 0 || length > LONGEST_WORD {
                document.fault(
                    &format!("{path}.words[{index}]"),
                    &format!("{word:?}"),
                    "no word that a filter looks for",
                    "write one word or phrase of at most 40 characters: \"verifikasi\"",
                );
            }
        }
        rules.blocked_words = words;
    }
    rules
}

#[cfg(test)]
mod tests {
    use super::super::load::read;

    fn none() -> std::iter::Empty<(String, String)> {
        std::iter::empty()
    }

    fn settings(transport: &str, drops: &str) -> String {
        format!(
            "[[gateways]]\nname = \"papan\"\ntype = \"sandbox\"\ntransport = \"{transport}\"\n\
             two_way = false\ndrops = {drops}\n"
        )
    }

    #[test]
    fn what_a_gateway_drops_is_read() {
        let text = settings("sms", "{ words = [\"pinjaman\"], numbers_over = 6 }");
        let (settings, _) = read("siaga.toml", &text, none()).unwrap();
        let passes = &settings.gateways[0].passes;
        assert_eq!(passes.blocked_words, ["pinjaman"]);
        assert_eq!(passes.max_digit_run, Some(6));
        assert!(!passes.two_way && !passes.links_allowed);
    }

    #[test]
    fn what_cannot_be_meant_is_told() {
        for (transport, drops, expected) in [
            ("email", "{ words = [\"x\"] }", "gateways[0].drops"),
            (
                "sms",
                "{ numbers_over = 0 }",
                "gateways[0].drops.numbers_over",
            ),
            (
                "sms",
                "{ words = [\"ok\", \" \"] }",
                "gateways[0].drops.words[1]",
            ),
            ("sms", "{ wrods = [] }", "words"),
        ] {
            let faults = read("siaga.toml", &settings(transport, drops), none()).unwrap_err();
            let told = faults.to_string();
            assert!(told.contains(expected), "{drops}: {told}");
        }
    }
}
