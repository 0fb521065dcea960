//! A mail as a mailbox gives it, whole or cut off.
#![no_main]

use std::{panic, sync::LazyLock};

use libfuzzer_sys::fuzz_target;
use siaga::{domain::return_address::ReturnAddress, inbound::email};

static RETURNS: LazyLock<ReturnAddress> = LazyLock::new(|| {
    ReturnAddress::new(
        "siaga@example.test",
        Some('+'),
        "a secret of enough length".into(),
    )
    .expect("the address is one")
});

fuzz_target!(
    // The library's panics are caught where it is called. Any other still ends the run.
    init: panic::set_hook(Box::new(|_| {})),
    |raw: &[u8]| {
        let mail = email::read(raw, &RETURNS);
        // The same mail always has the same name, or it would be answered twice.
        assert_eq!(mail, email::read(raw, &RETURNS));
        // Nobody seals a reference but we.
        assert_eq!(mail.reference, None);
    }
);
