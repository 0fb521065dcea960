//! A complaint as JSON, as the API and the scan hand it in.
#![no_main]

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use siaga::intake::submission::parse_submission;

fuzz_target!(|body: &[u8]| {
    let Ok(value) = serde_json::from_slice(body) else {
        return;
    };
    let now = Timestamp::from_second(1_795_500_000).expect("within the years");
    if let Err(faults) = parse_submission(value, now) {
        assert!(!faults.is_empty());
        assert!(faults.iter().all(|fault| !fault.remedy.is_empty()));
    }
});
