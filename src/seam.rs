//! The seams of the path: the points between which the service or Redis may die.
//!
//! Whatever dies between two of them, nothing is lost and at most what was in flight comes twice.
//! `tests/it/kills.rs` proves it at each: a program with debug assertions reads
//! `SIAGA_HALT_AT=SEAM:N` and stops itself (SIGSTOP) at the N-th passage, so that a test can kill
//! what it likes from outside and let the rest go on. Without debug assertions [`pass`] is nothing.
//!
//! A new seam is a variant, a line in [`Seam::ALL`] and in `as_str`, the call where it lies, and a
//! line in the test's table.

/// A point of the path: what has been done when the process comes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seam {
    /// A complaint is committed; who handed it in has not been told.
    ComplaintTaken,
    /// Due complaints are claimed; nothing is committed.
    DueClaimed,
    /// What became due is committed: misses recorded, orders in the outbox.
    DueCommitted,
    /// Orders for responders are claimed from a complaints' outbox; nothing is handed over.
    OrdersClaimed,
    /// Pages are committed into a bundle that has not left.
    BundleGathered,
    /// Orders are done on the responders' side; they still stand in the outbox.
    OrdersHandedOver,
    /// Due pages are claimed; nothing is committed.
    PagesClaimed,
    /// A page is committed as in flight; its request has not left.
    AttemptRecorded,
    /// The gateway has answered; that is not recorded.
    RequestAnswered,
    /// The gateway's answer is recorded.
    Settled,
    /// A reply is committed in its conversation; the gateway that brought it has not been told.
    ReplyCommitted,
    /// A receipt is committed; the gateway that brought it has not been told.
    ReceiptCommitted,
    /// Answers are claimed from a responders' outbox; nothing is handed over.
    AnswersClaimed,
    /// A complaint has committed an answer.
    AnswerCommitted,
    /// Answers are handed over; they still stand in the outbox.
    AnswersHandedOver,
}

impl Seam {
    /// All of them, along the path.
    pub const ALL: [Self; 15] = [
        Self::ComplaintTaken,
        Self::DueClaimed,
        Self::DueCommitted,
        Self::OrdersClaimed,
        Self::BundleGathered,
        Self::OrdersHandedOver,
        Self::PagesClaimed,
        Self::AttemptRecorded,
        Self::RequestAnswered,
        Self::Settled,
        Self::ReplyCommitted,
        Self::ReceiptCommitted,
        Self::AnswersClaimed,
        Self::AnswerCommitted,
        Self::AnswersHandedOver,
    ];

    /// Its name in `SIAGA_HALT_AT`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ComplaintTaken => "complaint_taken",
            Self::DueClaimed => "due_claimed",
            Self::DueCommitted => "due_committed",
            Self::OrdersClaimed => "orders_claimed",
            Self::BundleGathered => "bundle_gathered",
            Self::OrdersHandedOver => "orders_handed_over",
            Self::PagesClaimed => "pages_claimed",
            Self::AttemptRecorded => "attempt_recorded",
            Self::RequestAnswered => "request_answered",
            Self::Settled => "settled",
            Self::ReplyCommitted => "reply_committed",
            Self::ReceiptCommitted => "receipt_committed",
            Self::AnswersClaimed => "answers_claimed",
            Self::AnswerCommitted => "answer_committed",
            Self::AnswersHandedOver => "answers_handed_over",
        }
    }
}

/// Comes by a seam.
#[inline]
pub fn pass(seam: Seam) {
    #[cfg(debug_assertions)]
    halt::at(seam);
    #[cfg(not(debug_assertions))]
    let _ = seam;
}

#[cfg(debug_assertions)]
mod halt {
    use std::{
        sync::{
            LazyLock,
            atomic::{AtomicUsize, Ordering},
        },
        time::Duration,
    };

    use rustix::process::{Signal, getpid, kill_process};

    use super::Seam;

    const VARIABLE: &str = "SIAGA_HALT_AT";
    /// How long the thread that halts the process is held, in case another thread takes the signal:
    /// it must not go on meanwhile. The time runs while the process is stopped, too.
    const HELD: Duration = Duration::from_millis(200);

    struct Halt {
        seam: Seam,
        passage: usize,
        passed: AtomicUsize,
    }

    static HALT: LazyLock<Option<Halt>> = LazyLock::new(|| {
        let text = std::env::var(VARIABLE).ok()?;
        match parse(&text) {
            Ok((seam, passage)) => Some(Halt {
                seam,
                passage,
                passed: AtomicUsize::new(0),
            }),
            Err(remedy) => {
                tracing::error!("{VARIABLE} = {text:?}: {remedy}; nothing halts");
                None
            }
        }
    });

    pub(super) fn at(seam: Seam) {
        let Some(halt) = &*HALT else { return };
        if halt.seam == seam && halt.passed.fetch_add(1, Ordering::Relaxed) + 1 == halt.passage {
            let name = seam.as_str();
            tracing::warn!(seam = name, passage = halt.passage, "halted, as asked");
            // Sent to ourselves, it cannot fail.
            let _ = kill_process(getpid(), Signal::STOP);
            std::thread::sleep(HELD);
        }
    }

    /// Reads `SEAM:N`; what is wrong with it, and what would be right.
    fn parse(text: &str) -> Result<(Seam, usize), String> {
        let (name, passage) = text.split_once(':').unwrap_or((text, "1"));
        let seam = Seam::ALL.into_iter().find(|seam| seam.as_str() == name);
        match (seam, passage.parse()) {
            (Some(seam), Ok(passage)) if passage > 0 => Ok((seam, passage)),
            _ => {
                let names = Seam::ALL.map(Seam::as_str).join(", ");
                Err(format!("write SEAM:N, N from 1, SEAM one of {names}"))
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_halt_names_a_seam_and_a_passage() {
            for seam in Seam::ALL {
                assert_eq!(parse(&format!("{}:3", seam.as_str())), Ok((seam, 3)));
            }
            assert_eq!(parse("settled"), Ok((Seam::Settled, 1)));
            for wrong in ["", "setled:1", "settled:", "settled:0", "settled:x"] {
                let remedy = parse(wrong).unwrap_err();
                assert!(remedy.contains("due_claimed"), "{wrong}: {remedy}");
            }
        }
    }
}
