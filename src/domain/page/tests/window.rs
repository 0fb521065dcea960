//! WhatsApp's window for free text, as a page meets it.

use jiff::SignedDuration;

use super::*;

#[test]
fn a_closed_window_sends_the_same_page_as_a_template_and_only_a_page() {
    use crate::domain::message::{Alert, Notice};
    let alert = Content::Alert(Alert {
        complaint: crate::domain::id::ComplaintId::parse("LGWP1").unwrap(),
        category: None,
        area: None,
        unit: None,
        short_title: "Ka DISHUB".into(),
        title: "Kepala Dinas Perhubungan".into(),
        notice: Notice::Missed,
        from: None,
        proposed: None,
        received_at: second(-86_400),
        deadline: second(0),
        promise: SignedDuration::from_hours(24),
        counted: crate::domain::calendar::Counted::EveryHour,
        lacks: None,
        zone: None,
        code: Some(10),
    });
    let open = |content| {
        let new = NewPage {
            content,
            ..new_page(2, Reach::InTurn)
        };
        Page::open(new, TIMEOUT, second(0)).state
    };
    let leaving = |last: &Transition| -> Vec<(usize, u32)> {
        last.sends.iter().map(|s| (s.line, s.attempt)).collect()
    };
    let closed = FailureKind::WindowClosed;
    let by_receipt = |attempt| told(0, attempt, ReceiptKind::Failed, Some(closed.clone()));
    // Whether WhatsApp says so at once or later, the same method is used again, now.
    for first in [failed(0, 1, closed.clone()), by_receipt(1)] {
        let last = open(alert.clone()).advance(first, TIMEOUT, second(1));
        assert_eq!(leaving(&last), [(0, 2)]);
        assert!(last.state.lines[0].as_template);
        // The word that comes twice does nothing twice.
        let last = last.state.advance(by_receipt(1), TIMEOUT, second(2));
        assert_eq!(leaving(&last), []);
        // A template for which the window is closed too: there is no third form.
        let last = last
            .state
            .advance(failed(0, 2, closed.clone()), TIMEOUT, second(3));
        assert_eq!(leaving(&last), [(1, 1)]);
        assert_eq!(last.state.lines[0].state, LineState::Failed);
    }
    // An answer to a reply has no template.
    let answer = Content::Reply(ReplyNote::NothingOpen);
    let last = open(answer).advance(failed(0, 1, closed), TIMEOUT, second(1));
    assert_eq!(leaving(&last), [(1, 1)]);
}
