//! Records of before are read as they were written.

use super::*;

#[test]
fn facts_that_were_written_before_are_still_read() {
    for old in [
        r#"{"k":"opened","received_at":"2026-11-24T00:00:00Z","unit":"DISHUB","policy":{"id":"baku","version":1},"deadline":"2026-11-25T00:00:00Z"}"#,
        r#"{"k":"progressed","status":"verifikasi","shown_at":"2026-11-24T01:00:00Z","promise":1,"in_time":true}"#,
        r#"{"k":"paused","status":"menunggu"}"#,
        r#"{"k":"resumed","status":"baru","deadline":"2026-11-25T00:00:00Z"}"#,
        r#"{"k":"not_ours","status":"bukan wewenang"}"#,
        r#"{"k":"closed","status":"selesai"}"#,
        r#"{"k":"skipped","target":"kepala","why":"vacant"}"#,
        r#"{"k":"refused","by":"budi","to":"Dishub","reply":"sms.1"}"#,
        r#"{"k":"folded","what":["step 0"],"why":"held"}"#,
    ] {
        let read: What = serde_json::from_str(old).unwrap();
        // What is absent is not written either: the new fields cost nothing where they say nothing.
        assert_eq!(serde_json::to_string(&read).unwrap(), old);
    }
}
