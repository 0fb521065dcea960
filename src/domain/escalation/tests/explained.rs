//! What is said about a deadline: the plain one, over pauses, while it stands still, when it is kept.

use super::*;
use crate::domain::calendar::tests::working;

#[test]
fn a_deadline_is_explained_with_what_ran_and_what_stood_still() {
    let mut world = World::new();
    world.calendar = working();
    world.policy.warnings.clear();
    world.policy.clock.length = SignedDuration::from_hours(72);
    let at = |text: &str| -> Timestamp { format!("{text}+07:00").parse().unwrap() };
    let received_at = at("2025-12-24T16:20");
    let complaint = Complaint {
        received_at,
        ..complaint(Some("DISHUB"))
    };
    let mut last = Escalation::open(world.context(), complaint, None, received_at);
    let said = |state: &Escalation| {
        [Language::Id, Language::En].map(|language| state.explain(&world.context(), language))
    };
    assert_eq!(
        said(&last.state),
        [
            "3 hari kerja sejak Rabu 24 Des 2025 16.20 WIB, tanpa 25 dan 26 Desember",
            "3 working days since Wednesday 24 Dec 2025 16.20 WIB, without 25 and 26 December",
        ]
    );
    let tell = |state: Escalation, name: &str, now: &str| {
        state.advance(world.context(), status(name), at(now))
    };
    // 4 hours of Wednesday, then it stands still until Monday.
    last = tell(last.state, "menunggu", "2025-12-24T20:20");
    assert_eq!(
        said(&last.state)[0],
        "3 hari kerja sejak Rabu 24 Des 2025 16.20 WIB: 4 jam pada hari kerja sudah berjalan; berhenti sejak 24 Des 2025 20.20 WIB: menunggu"
    );
    last = tell(last.state, "dibaca", "2025-12-27T01:20");
    assert_eq!(
        said(&last.state),
        [
            "3 hari kerja sejak Rabu 24 Des 2025 16.20 WIB: 4 jam pada hari kerja sudah berjalan, sisanya 2 hari kerja 20 jam sejak Sabtu 27 Des 2025 01.20 WIB; berhenti 2 hari 5 jam: menunggu",
            "3 working days since Wednesday 24 Dec 2025 16.20 WIB: 4 hours of working days had run, the rest is 2 working days 20 hours since Saturday 27 Dec 2025 01.20 WIB; stood still for 2 days 5 hours: menunggu",
        ]
    );
    // Two pauses for the same are one length.
    last = tell(last.state, "menunggu", "2025-12-29T10:00");
    last = tell(last.state, "dibaca", "2025-12-29T10:30");
    let text = &said(&last.state)[0];
    assert!(
        text.ends_with("; berhenti 2 hari 5 jam 30 menit: menunggu"),
        "{text}"
    );
    // Ran 14 h by Mon 10.00; 58 h from 10.30: 13.30 of Mon, Tue, 20.30 of Wed.
    assert_eq!(last.wake_at, Some(at("2025-12-31T20:30")));
    last = tell(last.state, "pengerjaan", "2025-12-30T09:00");
    assert_eq!(
        said(&last.state)[0],
        "sudah dipenuhi dengan kemajuan pada 30 Des 2025 09.00 WIB"
    );
}
