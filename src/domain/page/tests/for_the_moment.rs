//! A receipt that says that nobody could take the message just now.

use super::*;

/// When the line's second attempt leaves, after a receipt at the third second; and that the next line
/// had its turn at once.
fn second_attempt(transport: Transport) -> i64 {
    let mut page = opened(2, Reach::InTurn).state;
    page.lines[0].transport = transport;
    let page = page.advance(sent(0, 1), TIMEOUT, second(1)).state;
    let busy = told(0, 1, ReceiptKind::Failed, Some(FailureKind::Temporary));
    let told_busy = page.advance(busy.clone(), TIMEOUT, second(3));
    assert_eq!(
        told_busy.sends,
        [Send {
            line: 1,
            attempt: 1
        }]
    );
    // Told once more: nothing more comes of it.
    let again = told_busy.state.advance(busy, TIMEOUT, second(4));
    assert_eq!((again.sends.len(), again.facts.len()), (0, 0));
    let mut page = again.state.advance(sent(1, 1), TIMEOUT, second(4)).state;
    for at in 5..400 {
        let later = page.advance(Timer, TIMEOUT, second(at));
        if let [
            Send {
                line: 0,
                attempt: 2,
            },
        ] = later.sends.as_slice()
        {
            return at;
        }
        assert_eq!(later.sends, []);
        page = later.state;
    }
    panic!("it never went again");
}

#[test]
fn the_same_way_goes_again_and_a_telephone_is_left_alone_for_a_while() {
    // The rule's first wait, and the least before somebody is called again.
    assert_eq!(second_attempt(Transport::Sms), 3 + 5);
    assert_eq!(second_attempt(Transport::Voice), 3 + 120);
}
