//! Contact methods as they stand in a file: addresses, names, and the order in which they are tried.

use crate::{
    config::{document::Document, fault::did_you_mean},
    domain::{
        delivery::{Address, EmailAddress, Transport},
        directory::ContactMethod,
        id::MethodId,
        phone::PhoneNumber,
    },
};

/// The address that a text is.
pub(super) fn address(transport: Transport, text: &str) -> Result<Address, String> {
    match transport {
        Transport::Email => EmailAddress::parse(text)
            .map(Address::Email)
            .map_err(|error| error.to_string()),
        Transport::Sms | Transport::Whatsapp | Transport::Voice => PhoneNumber::parse(text)
            .map(Address::Phone)
            .map_err(|error| error.to_string()),
    }
}

/// A name that is none of a person's contact methods is a fault.
pub(super) fn known_method(
    document: &mut Document,
    field: &str,
    id: &MethodId,
    methods: &[ContactMethod],
) {
    let names = || methods.iter().map(|method| method.id.as_str());
    if names().any(|name| name == id.as_str()) {
        return;
    }
    let remedy = match did_you_mean(id.as_str(), names()) {
        Some(name) => format!("did you mean {name}?"),
        None => format!("write one of {}", names().collect::<Vec<_>>().join(", ")),
    };
    document.fault(
        field,
        id.as_str(),
        "this person has no such contact method",
        &remedy,
    );
}

/// For each `[[people]]` of a text, its contact methods in the order in which they stand.
pub(super) fn method_orders(text: &str) -> Vec<Vec<Transport>> {
    let mut orders: Vec<Vec<Transport>> = Vec::new();
    let mut inside = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            inside = line.starts_with("[[people]]");
            if inside {
                orders.push(Vec::new());
            }
        } else if inside
            && let Some((name, _)) = line.split_once('=')
            && let Some(transport) = Transport::ALL
                .into_iter()
                .find(|t| t.as_str() == name.trim())
            && let Some(order) = orders.last_mut()
        {
            order.push(transport);
        }
    }
    orders
}
