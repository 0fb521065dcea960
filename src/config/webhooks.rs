//! Webhooks of providers that have no file of their own, as the settings describe them.

use secrecy::{ExposeSecret, SecretString};
use toml::{Table, Value};

use super::{document::Document, settings::Webhook};
use crate::domain::webhook::Shape;

/// Anybody may call the address, so the secret must not be guessed.
const SHORTEST_SECRET: usize = 16;

/// Reads every `[[webhooks]]`; what does not fit is a fault each.
pub(super) fn read(document: &mut Document) -> Vec<Webhook> {
    let mut webhooks: Vec<Webhook> = Vec::new();
    for (path, mut table) in document.list("webhooks") {
        let secret = secret(&mut table);
        let is_secret = secret.expose_secret().len() >= SHORTEST_SECRET
            && secret
                .expose_secret()
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        if !is_secret {
            document.fault(
                &format!("{path}.secret"),
                "(hidden)",
                "easy to guess, or cannot stand in an address",
                "at least 16 letters and digits, as openssl rand -hex 16 prints them",
            );
        }
        let Some(shape) = document.piece::<Shape>(&path, table) else {
            continue;
        };
        for (field, value, problem, remedy) in shape.faults() {
            document.fault(&format!("{path}.{field}"), &value, problem, remedy);
        }
        if webhooks.iter().any(|other| other.shape.name == shape.name) {
            document.fault(
                &format!("{path}.name"),
                &shape.name,
                "the name is taken",
                "give each webhook a name of its own",
            );
        }
        webhooks.push(Webhook { secret, shape });
    }
    webhooks
}

fn secret(table: &mut Table) -> SecretString {
    match table.remove("secret") {
        Some(Value::String(secret)) => secret.into(),
        _ => SecretString::default(),
    }
}

#[cfg(test)]
mod tests {
    use crate::config::look;

    #[test]
    fn what_cannot_be_used_is_named_and_its_secret_is_not() {
        let good = "[[webhooks]]\nname = 'luar'\nsecret = 'rahasia-0123456789'\ntransport = 'sms'\n\
                    format = 'json'\nfrom = 'sender'\ntext = ['message']\n";
        let said = |text: &str| {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("siaga.toml");
            std::fs::write(&path, text).unwrap();
            let (settings, faults) = look(Some(&path), std::iter::empty());
            (settings.webhooks.len(), faults.to_string())
        };
        let (count, faults) = said(good);
        assert!(count == 1 && !faults.contains("webhooks"), "{faults}");
        for (from, to, field) in [
            ("'luar'", "'Luar Kota'", "webhooks[0].name"),
            ("'rahasia-0123456789'", "'rahasia'", "webhooks[0].secret"),
            (
                "'rahasia-0123456789'",
                "'rahasia/0123456789'",
                "webhooks[0].secret",
            ),
            ("secret = 'rahasia-0123456789'\n", "", "webhooks[0].secret"),
            ("'sms'", "'email'", "webhooks[0].transport"),
            ("'json'", "'xml'", "webhooks[0].format"),
            ("'sender'", "''", "webhooks[0].from"),
            ("['message']", "[]", "webhooks[0].text"),
            ("['message']", "['']", "webhooks[0].text"),
            ("from =", "form = 'x'\nfrom =", "webhooks[0].form"),
        ] {
            let (_, faults) = said(&good.replace(from, to));
            assert!(faults.contains(field), "{field} is not in {faults}");
            assert!(!faults.contains("rahasia"), "{faults}");
        }
        let (_, faults) = said(&format!("{good}{good}"));
        assert!(faults.contains("the name is taken"), "{faults}");
        let receipts = "receipts = { reference = 'r', status = '', words = {} }\n";
        let (_, faults) = said(&format!("{good}{receipts}"));
        for field in ["receipts.status", "receipts.words"] {
            assert!(faults.contains(field), "{faults}");
        }
    }
}
