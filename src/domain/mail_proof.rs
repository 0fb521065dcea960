//! Whether a mail's sender is who it says, and how much of that is asked for.
//!
//! Anybody can write any name into `From`. Two things prove more: a signature of the sender's domain
//! (DKIM), and a server that the domain names as one of its own (SPF). Either counts only where its
//! domain is the one in `From` (alignment, RFC 7489 section 3.1).

use serde::Deserialize;

/// What a sender is believed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// By a signature or by the server that sent it.
    #[default]
    DkimOrSpf,
    /// By a signature.
    Dkim,
    /// By the seal in the mail that is answered: whoever has it has got our mail.
    Token,
    /// By `From` alone.
    From,
}

/// What was proved of a mail's sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Proof {
    /// A signature of the domain in `From`.
    pub dkim: bool,
    /// That a server of that domain sent it.
    pub spf: bool,
}

impl Trust {
    /// Whether that is enough; `sealed`: the mail answers one of ours under its seal.
    pub fn is_met(self, proof: Proof, sealed: bool) -> bool {
        match self {
            Self::DkimOrSpf => proof.dkim || proof.spf,
            Self::Dkim => proof.dkim,
            Self::Token => sealed,
            Self::From => true,
        }
    }

    /// Whether the mail itself must be looked at for it.
    pub fn asks_for_proof(self) -> bool {
        matches!(self, Self::DkimOrSpf | Self::Dkim)
    }
}

/// Whether what was proved of one domain counts for a sender in another: they are the same, or one
/// lies in the other.
pub fn is_aligned(proved: &str, from: &str) -> bool {
    let plain = |domain: &str| domain.trim().trim_end_matches('.').to_ascii_lowercase();
    let (proved, from) = (plain(proved), plain(from));
    let lies_in = |inner: &str, outer: &str| {
        outer.contains('.')
            && inner
                .strip_suffix(outer)
                .is_some_and(|rest| rest.ends_with('.'))
    };
    !from.is_empty() && (proved == from || lies_in(&from, &proved) || lies_in(&proved, &from))
}

/// What an `Authentication-Results` header (RFC 8601, its comments left out) proves of a sender in
/// `from`; nothing when another server than `server` wrote it.
pub fn of_results(header: &str, server: &str, from: &str) -> Proof {
    let mut proof = Proof::default();
    let mut parts = header.split(';');
    let id = parts.next().unwrap_or_default();
    // A version may follow the name.
    let id = id.split_whitespace().next().unwrap_or_default();
    if !id.eq_ignore_ascii_case(server) {
        return proof;
    }
    for part in parts {
        let mut words = part.split_whitespace();
        let (Some((method, result)), properties) = (
            words.next().and_then(|word| word.split_once('=')),
            words.filter_map(|word| word.split_once('=')),
        ) else {
            continue;
        };
        if !result.eq_ignore_ascii_case("pass") {
            continue;
        }
        let properties: Vec<_> = properties.collect();
        let proves = |names: &[&str]| {
            properties.iter().any(|(name, value)| {
                let domain = value.trim_matches('"');
                let domain = domain.rsplit_once('@').map_or(domain, |(_, domain)| domain);
                names.iter().any(|known| known.eq_ignore_ascii_case(name))
                    && is_aligned(domain, from)
            })
        };
        // The method's version may follow its name: dkim/1.
        let method = method.split('/').next().unwrap_or_default();
        match method.to_ascii_lowercase().as_str() {
            "dkim" => proof.dkim |= proves(&["header.d", "header.i"]),
            "spf" => proof.spf |= proves(&["smtp.mailfrom", "smtp.mail"]),
            // It says that one of the two is aligned, not which.
            "dmarc" => proof.spf |= proves(&["header.from"]),
            _ => {}
        }
    }
    proof
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_are_aligned_when_one_lies_in_the_other() {
        let cases = [
            ("jateng.go.id", "jateng.go.id", true),
            ("Jateng.go.id.", "jateng.go.id", true),
            ("jateng.go.id", "dishub.jateng.go.id", true),
            ("mail.jateng.go.id", "jateng.go.id", true),
            ("evil-jateng.go.id", "jateng.go.id", false),
            ("jateng.go.id.evil.test", "jateng.go.id", false),
            ("id", "jateng.go.id", false),
            ("", "jateng.go.id", false),
            ("", "", false),
        ];
        for (proved, from, expected) in cases {
            assert_eq!(is_aligned(proved, from), expected, "{proved} {from}");
        }
    }

    #[test]
    fn only_our_own_server_and_an_aligned_domain_prove_a_sender() {
        let none = Proof::default();
        let dkim = Proof { dkim: true, ..none };
        let spf = Proof { spf: true, ..none };
        let cases = [
            ("mx.test; dkim=pass header.d=dishub.test header.s=a", dkim),
            ("MX.test 1; dkim=pass header.i=@dishub.test", dkim),
            ("mx.test; spf=pass smtp.mailfrom=budi@dishub.test", spf),
            (
                "mx.test; spf=pass smtp.mailfrom=dishub.test; dkim=pass header.d=dishub.test",
                Proof {
                    dkim: true,
                    spf: true,
                },
            ),
            ("mx.test; dmarc=pass header.from=dishub.test", spf),
            ("mx.test; dkim=pass header.d=evil.test", none),
            ("mx.test; dkim=fail header.d=dishub.test", none),
            ("mx.test; spf=softfail smtp.mailfrom=dishub.test", none),
            ("mx.test; spf=pass smtp.helo=dishub.test", none),
            ("mx.test; none", none),
            ("other.test; dkim=pass header.d=dishub.test", none),
            ("mx.test.evil.test; dkim=pass header.d=dishub.test", none),
            ("", none),
            (";;;==", none),
        ];
        for (header, expected) in cases {
            assert_eq!(
                of_results(header, "mx.test", "dishub.test"),
                expected,
                "{header}"
            );
        }
    }

    #[test]
    fn each_trust_asks_for_its_own_proof() {
        let (dkim, spf) = (
            Proof {
                dkim: true,
                spf: false,
            },
            Proof {
                dkim: false,
                spf: true,
            },
        );
        let nothing = Proof::default();
        let cases = [
            (Trust::DkimOrSpf, dkim, false, true),
            (Trust::DkimOrSpf, spf, false, true),
            (Trust::DkimOrSpf, nothing, true, false),
            (Trust::Dkim, spf, true, false),
            (Trust::Dkim, dkim, false, true),
            (Trust::Token, nothing, true, true),
            (Trust::Token, dkim, false, false),
            (Trust::From, nothing, false, true),
        ];
        for (trust, proof, sealed, expected) in cases {
            assert_eq!(
                trust.is_met(proof, sealed),
                expected,
                "{trust:?} {proof:?} {sealed}"
            );
        }
    }
}
