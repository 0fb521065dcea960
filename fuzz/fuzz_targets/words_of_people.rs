//! Telephone numbers, e-mail addresses and references as people and gateways write them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use siaga::domain::{delivery::EmailAddress, page, phone::PhoneNumber};

fuzz_target!(|text: &str| {
    if let Ok(number) = PhoneNumber::parse(text) {
        assert_eq!(PhoneNumber::parse(number.as_str()).as_ref(), Ok(&number));
        assert!(!number.masked().contains(number.digits()));
    }
    if let Ok(address) = EmailAddress::parse(text) {
        assert_eq!(EmailAddress::parse(address.as_str()).as_ref(), Ok(&address));
    }
    if let Some((id, send)) = page::parse_reference(text) {
        let again = page::parse_reference(&page::reference(&id, &send));
        assert_eq!(again, Some((id, send)));
    }
});
