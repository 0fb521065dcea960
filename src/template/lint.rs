//! What the ways out drop, kept out of every message of ours.
//!
//! A dropped page is a page never, so templates are held against what the operators of the gateways
//! are known to drop ([`gsm::lint`]) before they are used, and data is tamed before it goes into one.
//! Any gateway may have to stand in for another, so both go by what all of them let pass; what a
//! single one would drop of the rest is what [`Renderer::audit`](super::Renderer::audit) tells.

use std::sync::Arc;

use crate::domain::{
    delivery::Transport,
    gsm::{self, LintFault, LintFinding, RouteRules},
};

/// The longest text that WhatsApp carries outside a template; Meta's limit, in characters.
const LONGEST_WHATSAPP: usize = 4096;

/// What one gateway carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carrier {
    /// Its name, to be told to whoever reads what it would drop.
    pub gateway: String,
    /// How its messages travel.
    pub transport: Transport,
    /// What passes. Of other ways than short messages only whether links do, and whether people can
    /// answer.
    pub rules: RouteRules,
}

/// What the gateways for short messages carry, one by one and together.
#[derive(Debug, Clone)]
pub(crate) struct Carriers {
    pub(crate) each: Arc<[Carrier]>,
    /// What passes all of them. Whether a link or a request for a reply may stand in a message is
    /// decided for each: its gateway says so.
    pub(crate) together: Arc<RouteRules>,
}

impl Carriers {
    /// What is true of these gateways; of none for short messages, the cautious rules.
    pub(crate) fn of(each: Vec<Carrier>) -> Self {
        let short = each.iter().filter(|it| it.transport == Transport::Sms);
        let together = short.map(|it| it.rules.clone()).reduce(|a, b| a.both(&b));
        Self {
            together: Arc::new(RouteRules {
                links_allowed: true,
                two_way: true,
                ..together.unwrap_or_default()
            }),
            each: each.into(),
        }
    }
}

/// What of a call's text cannot be read aloud, and what to do. Its markup is escaped where it is
/// made, so a mark here would be spoken, not obeyed.
pub(crate) fn check_voice(text: &str) -> Result<(), (String, &'static str)> {
    let mark = |c: &char| "<>&{}[]|\\*_#=".contains(*c) || c.is_control() && *c != '\n';
    match text.chars().find(mark) {
        Some(mark) => Err((
            format!("{mark:?} cannot be read aloud"),
            "write words and full stops only",
        )),
        None => Ok(()),
    }
}

/// Everything in a text that a carrier would drop it for: what, and what to do.
pub(crate) fn check(text: &str, carrier: &Carrier) -> Vec<(String, String)> {
    match carrier.transport {
        Transport::Sms => gsm::lint(text, &carrier.rules)
            .into_iter()
            .map(told)
            .collect(),
        Transport::Voice => check_voice(text)
            .err()
            .map(|(what, remedy)| (what, remedy.to_owned()))
            .into_iter()
            .collect(),
        Transport::Whatsapp => {
            let length = text.chars().count();
            let long = (length > LONGEST_WHATSAPP).then(|| {
                (
                    format!("{length} characters"),
                    format!("shorten to {LONGEST_WHATSAPP}"),
                )
            });
            long.into_iter().collect()
        }
        Transport::Email => Vec::new(),
    }
}

/// A finding in words: what, and what to do.
pub(crate) fn told(fault: LintFault) -> (String, String) {
    (
        format!("{} ({})", fault.finding.as_str(), fault.value),
        fault.remedy,
    )
}

/// Data for a short message: in the GSM alphabet, without the words and numbers that are dropped.
/// None when nothing is left.
pub(crate) fn tame(text: &str, rules: &RouteRules) -> Option<String> {
    let forced = gsm::force(text);
    let dropped = |text: &str| {
        gsm::lint(text, rules).into_iter().find(|fault| {
            matches!(
                fault.finding,
                LintFinding::BlockedWord | LintFinding::DigitRun
            )
        })
    };
    let mut kept: Vec<&str> = forced
        .split_whitespace()
        .filter(|word| dropped(word).is_none())
        .collect();
    // What is dropped may be several words; the first of them is taken out until none is left.
    while let Some(found) = dropped(&kept.join(" ")) {
        let first = found.value.split_whitespace().next().unwrap_or_default();
        let bare = |word: &str| {
            word.trim_matches(|c: char| !c.is_alphanumeric())
                .to_lowercase()
        };
        match kept.iter().position(|word| bare(word) == bare(first)) {
            Some(place) => kept.remove(place),
            None => return None,
        };
    }
    let line = kept.join(" ");
    line.chars().any(char::is_alphanumeric).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sms(rules: RouteRules) -> Carrier {
        Carrier {
            gateway: "sms".to_owned(),
            transport: Transport::Sms,
            rules,
        }
    }

    #[test]
    fn what_routes_drop_is_found() {
        let rules = Carriers::of(Vec::new()).together;
        let findings = |text: &str| -> Vec<LintFinding> {
            let found = gsm::lint(text, &rules);
            found.iter().map(|fault| fault.finding).collect()
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
        let rules = Carriers::of(Vec::new()).together;
        for (text, tamed) in [
            ("Dana Desa 2026", Some("Desa")),
            ("dana", None),
            ("Infrastruktur", Some("Infrastruktur")),
            ("😀", None),
            ("Akun/Nomor Induk", Some("Induk")),
        ] {
            assert_eq!(tame(text, &rules).as_deref(), tamed);
        }
    }

    #[test]
    fn what_any_of_the_gateways_drops_is_kept_out_for_all() {
        let drops = |words: &[&str], digits| {
            sms(RouteRules {
                blocked_words: words.iter().map(|&word| word.to_owned()).collect(),
                max_digit_run: digits,
                ..RouteRules::default()
            })
        };
        let rules = Carriers::of(vec![
            drops(&["bantuan sosial", "pinjaman"], Some(6)),
            drops(&["judi"], None),
        ])
        .together;
        for (text, tamed) in [
            ("Dana Desa 2026", Some("Dana Desa 2026")),
            ("Penerima Bantuan Sosial", Some("Penerima Sosial")),
            ("Bantuan Hukum", Some("Bantuan Hukum")),
            ("Judi daring, pinjaman", Some("daring,")),
            ("Laporan 1234567", Some("Laporan")),
        ] {
            assert_eq!(tame(text, &rules).as_deref(), tamed, "{text}");
        }
    }
}
