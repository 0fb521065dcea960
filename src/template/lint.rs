//! What Indonesian SMS routes drop, kept out of every short message of ours.
//!
//! A dropped page is a page never, so templates are checked by the cautious route's rules
//! ([`gsm::lint`]), and data is tamed before it goes into one.

use std::sync::LazyLock;

use crate::domain::gsm::{self, LintFault, LintFinding, RouteRules};

/// One part, no blocked word, no long number. Whether a link or a request for a reply may stand in
/// it is decided for each message: the recipient's route says so.
static RULES: LazyLock<RouteRules> = LazyLock::new(|| RouteRules {
    links_allowed: true,
    two_way: true,
    ..RouteRules::default()
});

/// Everything in a short message that a route may object to.
pub fn check_sms(text: &str) -> Vec<LintFault> {
    gsm::lint(text, &RULES)
}

/// What of a call's text cannot be read aloud, and what to do. Its markup is escaped where it is
/// made, so a mark here would be spoken, not obeyed.
pub(crate) fn check_voice(text: &str) -> Result<(), (String, &'static str)> {
    let mark = |c: &char| "<>&{}[]|\\*_#=".contains(*c) || c.is_control() && *c != '\n';
    match text.chars().find(mark) {
        Some(mark) => Err((
            format!("{mark:?} cannot be read aloud"),
            "write words and full stops only; the shipped template is used meanwhile",
        )),
        None => Ok(()),
    }
}

/// Data for a short message: in the GSM alphabet, without the words and numbers that routes drop.
/// None when nothing is left.
pub(crate) fn tame(text: &str) -> Option<String> {
    let dropped = |word: &&str| {
        let found = gsm::lint(word, &RULES);
        found.iter().any(|fault| {
            matches!(
                fault.finding,
                LintFinding::BlockedWord | LintFinding::DigitRun
            )
        })
    };
    let forced = gsm::force(text);
    let kept: Vec<&str> = forced
        .split_whitespace()
        .filter(|word| !dropped(word))
        .collect();
    let line = kept.join(" ");
    line.chars().any(char::is_alphanumeric).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_routes_drop_is_found() {
        let findings = |text: &str| -> Vec<LintFinding> {
            check_sms(text).iter().map(|fault| fault.finding).collect()
        };
        let page = "SIAGA: Balas OK 12. Aduan LGWP14376928, 13.27 https://a.test";
        assert_eq!(findings(page), []);
        assert_eq!(
            findings("KODE 1234"),
            [LintFinding::DigitRun, LintFinding::BlockedWord]
        );
        // A part of a word is no such word: RSUD Pandanarang is a hospital here.
        assert_eq!(findings("RSUD Pandanarang, Keselamatan"), []);
        assert_eq!(findings(&"x".repeat(161)), [LintFinding::TooManyParts]);
    }

    #[test]
    fn data_is_tamed() {
        for (text, tamed) in [
            ("Dana Desa 2026", Some("Desa")),
            ("dana", None),
            ("Infrastruktur", Some("Infrastruktur")),
            ("😀", None),
            ("Akun/Nomor Induk", Some("Induk")),
        ] {
            assert_eq!(tame(text).as_deref(), tamed);
        }
    }
}
