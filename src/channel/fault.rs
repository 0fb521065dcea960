//! What is wrong with a gateway's settings, said so that an operator can mend it.
//!
//! Faults are found when a channel is built, never when the first page is due. The value of a
//! secret is never shown; its place is taken by a word.

use std::time::Duration;

use jiff::SignedDuration;

/// One setting of one gateway that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("gateway {gateway:?}: {field} = {value} cannot be used: {remedy}")]
pub struct GatewayFault {
    /// The gateway's configured name.
    pub gateway: String,
    /// The field's path inside the gateway's settings: `body.fields.to`.
    pub field: String,
    /// What stood there, cut to 120 characters; `(hidden)` for a secret.
    pub value: String,
    /// What to write instead.
    pub remedy: String,
}

impl GatewayFault {
    /// A fault whose value may be shown.
    pub(crate) fn shown(gateway: &str, field: &str, value: &str, remedy: &str) -> Self {
        Self {
            gateway: gateway.to_owned(),
            field: field.to_owned(),
            value: format!("{:?}", value.chars().take(120).collect::<String>()),
            remedy: remedy.to_owned(),
        }
    }

    /// A fault of a secret: its value stays hidden.
    pub(crate) fn hidden(gateway: &str, field: &str, remedy: &str) -> Self {
        Self {
            gateway: gateway.to_owned(),
            field: field.to_owned(),
            value: "(hidden)".to_owned(),
            remedy: remedy.to_owned(),
        }
    }
}

/// Longest patience that is accepted: a lease on an attempt must outlive it.
const LONGEST_TIMEOUT: Duration = Duration::from_mins(2);

/// Reads a gateway's patience, from just above zero to two minutes.
///
/// # Errors
/// When it is zero, negative or longer.
pub(crate) fn patience(
    gateway: &str,
    field: &str,
    setting: SignedDuration,
) -> Result<Duration, GatewayFault> {
    Duration::try_from(setting)
        .ok()
        .filter(|length| !length.is_zero() && *length <= LONGEST_TIMEOUT)
        .ok_or_else(|| {
            let value = format!("{setting:#}");
            GatewayFault::shown(
                gateway,
                field,
                &value,
                "write a length such as 10s, at most 2m",
            )
        })
}

/// Reads a base address: `http` or `https`, a host, no user, no fragment.
///
/// # Errors
/// When it is no such address.
pub(crate) fn web_address(
    gateway: &str,
    field: &str,
    text: &str,
) -> Result<reqwest::Url, GatewayFault> {
    let remedy = "write a whole address such as https://gateway.example.go.id/send, without a \
                  user name in it";
    reqwest::Url::parse(text)
        .ok()
        .filter(|url| {
            matches!(url.scheme(), "http" | "https")
                && url.has_host()
                && url.username().is_empty()
                && url.password().is_none()
                && url.fragment().is_none()
        })
        .ok_or_else(|| {
            // A password in the address must not come out again in the fault.
            if text.contains('@') {
                GatewayFault::hidden(gateway, field, remedy)
            } else {
                GatewayFault::shown(gateway, field, text, remedy)
            }
        })
}

/// Refuses an empty field.
///
/// # Errors
/// When nothing but white space stands in it.
pub(crate) fn filled(gateway: &str, field: &str, text: &str) -> Result<(), GatewayFault> {
    if text.trim().is_empty() {
        Err(GatewayFault::shown(
            gateway,
            field,
            text,
            "it is empty: write the value that the gateway's operator gave you",
        ))
    } else {
        Ok(())
    }
}

/// The patience of a gateway that names none.
pub(crate) fn default_timeout() -> SignedDuration {
    SignedDuration::from_secs(super::DEFAULT_TIMEOUT.as_secs().cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_names_field_value_and_remedy() {
        let fault = patience("kantor", "timeout", SignedDuration::from_secs(-1)).unwrap_err();
        let text = fault.to_string();
        for part in ["kantor", "timeout", "1s ago", "10s"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(patience("kantor", "timeout", SignedDuration::from_mins(3)).is_err());
        assert!(patience("kantor", "timeout", SignedDuration::from_mins(2)).is_ok());
    }

    #[test]
    fn a_password_in_an_address_stays_hidden() {
        let fault = web_address("kantor", "url", "https://me:rahasia@host/").unwrap_err();
        assert!(!fault.to_string().contains("rahasia"), "{fault}");
        for bad in ["", "host", "ftp://host/", "http://", "https://host/#x"] {
            assert!(web_address("kantor", "url", bad).is_err(), "{bad:?}");
        }
    }
}
