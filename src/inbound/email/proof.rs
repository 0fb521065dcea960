//! Proves a mail's sender: by what one's own mail server found, or by the mail's signatures.
//!
//! A server that one trusts writes what it found into the topmost `Authentication-Results` (RFC
//! 8601), and takes away what strangers wrote there in its name. Without one the signatures are
//! checked here; SPF is then no proof, because only the server knows which machine brought the mail.

use std::{
    borrow::Borrow,
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use mail_auth::{
    AuthenticatedMessage, DkimResult, MessageAuthenticator, Parameters, ResolverCache, Txt,
};
use tokio::time::timeout;

use super::automatic::without_comments;
use crate::{
    clock::patience,
    domain::mail_proof::{Proof, is_aligned, of_results},
};

/// How long one look at the signatures may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// The pauses in seconds before it is looked again, where the domain's server gave no answer.
const AGAIN: [u64; 2] = [2, 10];
/// More signatures than a mail has; each costs a question to a name server.
const MOST_SIGNATURES: usize = 5;

/// Domains' keys that are remembered: far more than heads' offices have domains.
const MOST_KEYS: usize = 1_000;

/// Where a domain's key is looked up.
#[derive(Clone)]
pub struct Signatures {
    dns: MessageAuthenticator,
    keys: Arc<Keys>,
}

/// Domains' keys, each for as long as its name server allows.
#[derive(Default)]
struct Keys(Mutex<HashMap<Box<str>, (Txt, Instant)>>);

impl ResolverCache<Box<str>, Txt> for Keys {
    fn get<Q>(&self, name: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (key, until) = keys.get(name)?;
        (*until > Instant::now()).then(|| key.clone())
    }

    fn remove<Q>(&self, name: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.remove(name).map(|(key, _)| key)
    }

    fn insert(&self, name: Box<str>, key: Txt, until: Instant) {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= MOST_KEYS {
            keys.clear();
        }
        keys.insert(name, (key, until));
    }
}

impl std::fmt::Debug for Signatures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signatures")
    }
}

/// How senders are proved.
#[derive(Debug, Clone)]
pub enum Prover {
    /// By what this server found.
    Server(String),
    /// By the signatures.
    Signatures(Box<Signatures>),
    /// Nothing is looked at.
    Nothing,
}

impl Prover {
    /// One that asks the name servers that this machine asks.
    ///
    /// # Errors
    /// When the machine names none.
    pub fn of_signatures() -> Result<Self, String> {
        let dns = MessageAuthenticator::new_system_conf().map_err(|error| error.to_string())?;
        let keys = Arc::default();
        Ok(Self::Signatures(Box::new(Signatures { dns, keys })))
    }

    /// What is proved of a sender in the domain `from`.
    pub async fn prove(&self, raw: &[u8], from: &str) -> Proof {
        match self {
            Self::Nothing => Proof::default(),
            Self::Server(server) => topmost_results(raw)
                .map_or_else(Proof::default, |header| of_results(&header, server, from)),
            Self::Signatures(signatures) => Proof {
                dkim: signatures.check(raw, from).await,
                spf: false,
            },
        }
    }
}

impl Signatures {
    async fn check(&self, raw: &[u8], from: &str) -> bool {
        for pause in AGAIN {
            match timeout(PATIENCE, self.once(raw, from)).await {
                Ok(Some(found)) => return found,
                Ok(None) | Err(_) => patience(Duration::from_secs(pause)).await,
            }
        }
        let last = timeout(PATIENCE, self.once(raw, from)).await;
        last.ok().flatten().unwrap_or(false)
    }

    /// Whether the domain has signed it; none when its key cannot be had just now.
    async fn once(&self, raw: &[u8], from: &str) -> Option<bool> {
        let Some(mut mail) = AuthenticatedMessage::parse_with_opts(raw, None, true) else {
            return Some(false);
        };
        // One that signs only the beginning lets anybody write on.
        mail.dkim_headers
            .retain(|header| header.header.l == 0 && is_aligned(&header.header.d, from));
        mail.dkim_headers.truncate(MOST_SIGNATURES);
        if mail.dkim_headers.is_empty() {
            return Some(false);
        }
        let question = Parameters::new(&mail).with_txt_cache(&*self.keys);
        let found = self.dns.verify_dkim(question).await;
        if found.iter().any(|it| *it.result() == DkimResult::Pass) {
            return Some(true);
        }
        let may_come = found
            .iter()
            .any(|it| matches!(it.result(), DkimResult::TempError(_)));
        (!may_come).then_some(false)
    }
}

/// The first header of that name, without comments.
fn topmost_results(raw: &[u8]) -> Option<String> {
    let head = mail_parser::MessageParser::default().parse_headers(raw)?;
    let (_, value) = head
        .headers_raw()
        .find(|(name, _)| name.eq_ignore_ascii_case("Authentication-Results"))?;
    Some(without_comments(value))
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use mail_auth::{
        common::{
            crypto::Ed25519Key, headers::HeaderWriter as _, parse::TxtRecordParser as _,
            verify::DomainKey,
        },
        dkim::DkimSigner,
    };

    use super::*;

    /// A mail that a domain has signed, and who knows the domain's key.
    fn signed(domain: &str, mail: &str, only_beginning: bool) -> (String, Prover) {
        let key = Ed25519Key::from_pkcs8_der(&Ed25519Key::generate_pkcs8().unwrap()).unwrap();
        let record = format!(
            "v=DKIM1; k=ed25519; p={}",
            STANDARD.encode(key.public_key())
        );
        let signature = DkimSigner::from_key(key)
            .domain(domain)
            .selector("s1")
            .headers(["From", "To", "Subject"])
            .body_length(only_beginning)
            .sign(mail.as_bytes())
            .unwrap()
            .to_header();
        let keys = Keys::default();
        let known = Txt::DomainKey(Arc::new(DomainKey::parse(record.as_bytes()).unwrap()));
        let until = Instant::now() + Duration::from_mins(10);
        keys.insert(format!("s1._domainkey.{domain}.").into(), known, until);
        let Ok(Prover::Signatures(asked)) = Prover::of_signatures() else {
            panic!("this machine names no name server");
        };
        let prover = Prover::Signatures(Box::new(Signatures {
            keys: Arc::new(keys),
            ..*asked
        }));
        (format!("{signature}{mail}"), prover)
    }

    #[tokio::test]
    async fn a_signature_counts_for_its_own_domain_and_the_whole_mail() {
        let mail =
            "From: Budi <budi@dishub.test>\r\nTo: siaga@siaga.test\r\nSubject: Re\r\n\r\nSiap\r\n";
        let proves = async |raw: &str, prover: &Prover| {
            prover.prove(raw.as_bytes(), "dishub.test").await.dkim
        };
        let (good, prover) = signed("dishub.test", mail, false);
        assert!(proves(&good, &prover).await);
        for (from, to) in [
            ("Siap", "Tidak"),
            ("budi@dishub.test", "sari@dishub.test"),
            ("d=dishub.test", "d=mail.dishub.test"),
        ] {
            let touched = good.replacen(from, to, 1);
            assert_ne!(touched, good);
            let found = timeout(Duration::from_secs(2), proves(&touched, &prover)).await;
            assert_ne!(found, Ok(true), "{touched}");
        }
        let (others, prover) = signed("evil.test", mail, false);
        assert!(!proves(&others, &prover).await, "another domain's");
        let (partial, prover) = signed("dishub.test", mail, true);
        assert!(partial.contains("l="), "{partial}");
        assert!(
            !proves(&partial, &prover).await,
            "only the beginning is signed"
        );
        assert!(!proves(mail, &prover).await, "none at all");
    }

    #[tokio::test]
    async fn only_the_topmost_word_of_the_own_server_counts() {
        let prover = Prover::Server("mx.siaga.test".into());
        let ours = "Authentication-Results: mx.siaga.test (Postfix);\r\n\tspf=pass (ok) smtp.mailfrom=budi@dishub.test\r\n";
        let failed =
            "Authentication-Results: mx.siaga.test; spf=fail smtp.mailfrom=budi@dishub.test\r\n";
        let other =
            "Authentication-Results: evil.test; spf=pass smtp.mailfrom=budi@dishub.test\r\n";
        let mail = "From: budi@dishub.test\r\n\r\nSiap\r\n";
        let cases = [
            (format!("{ours}{mail}"), true),
            (mail.to_owned(), false),
            (format!("{other}{mail}"), false),
            // Somebody wrote a good one beneath ours, or beneath another's.
            (format!("{failed}{ours}{mail}"), false),
            (format!("{other}{ours}{mail}"), false),
            (format!("{mail}{ours}"), false),
        ];
        for (raw, expected) in cases {
            let proof = prover.prove(raw.as_bytes(), "dishub.test").await;
            assert_eq!(proof.spf, expected, "{raw}");
        }
    }
}
