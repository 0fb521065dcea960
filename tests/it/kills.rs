//! Death at every seam of the path: of the service, and of its Redis.
//!
//! The program stops itself at a seam (`src/seam.rs`), so nothing is left to chance: the seam is
//! reached, or the test fails. Then one of the two is killed without a warning, and the night goes
//! on: nothing is lost, nothing is recorded twice, nobody is paged after the answer, and what came
//! twice was in flight.

use siaga::seam::Seam;

use crate::support::{flood, night::Night};

/// Who dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Death {
    /// The service, which is started again. Its Redis ends in good order with it.
    Service,
    /// The private Redis; the service goes on.
    Redis,
}

/// The same in a flood, of which most waits to leave in bundles.
async fn die_in_a_flood(seam: Seam, passage: usize, death: Death) {
    let mut night = flood::prepare();
    night.siaga.start_to_halt(seam, passage).await;
    let redis = night.siaga.redis();
    let story = flood::begin(&night);
    night.siaga.wait_until_halted().await;
    let in_flight = night.in_flight(&redis).await;
    kill(&mut night, death).await;
    let found = flood::morning(night, story, &redis, &in_flight).await;
    println!(
        "{} {death:?} in a flood: {} in flight, {} messages, {} of them twice",
        seam.as_str(),
        in_flight.len(),
        found.messages,
        found.duplicates,
    );
}

async fn kill(night: &mut Night, death: Death) {
    match death {
        Death::Service => {
            night.siaga.kill9_service();
            night.siaga.start().await;
        }
        Death::Redis => {
            night.siaga.kill9_redis();
            night.siaga.go_on();
        }
    }
}

async fn die(seam: Seam, passage: usize, death: Death) {
    if seam == Seam::BundleGathered {
        return die_in_a_flood(seam, passage, death).await;
    }
    let mut night = Night::prepare();
    // Pages are taken from their queue when a gateway did not take them at once.
    night.gateway_begins_well = seam != Seam::PagesClaimed;
    night.siaga.start_to_halt(seam, passage).await;
    let redis = night.siaga.redis();
    let story = night.begin();
    night.siaga.wait_until_halted().await;
    let in_flight = night.in_flight(&redis).await;
    kill(&mut night, death).await;
    let found = night.morning(story, &redis, &in_flight).await;
    println!(
        "{} {death:?}: {} in flight, {} messages, {} of them twice",
        seam.as_str(),
        in_flight.len(),
        found.messages,
        found.duplicates,
    );
}

/// One test a seam, and one that no seam is forgotten.
macro_rules! deaths {
    ($($name:ident: $seam:ident, $passage:literal;)*) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                tokio::join!(
                    die(Seam::$seam, $passage, Death::Service),
                    die(Seam::$seam, $passage, Death::Redis),
                );
            }
        )*

        #[test]
        fn every_seam_has_its_deaths() {
            let mut seams = vec![$(Seam::$seam),*];
            seams.dedup();
            assert_eq!(seams, Seam::ALL);
        }
    };
}

deaths! {
    complaint_taken_and_nobody_told: ComplaintTaken, 4;
    due_complaints_claimed: DueClaimed, 1;
    misses_committed: DueCommitted, 1;
    orders_claimed: OrdersClaimed, 1;
    cancels_and_confirmations_claimed: OrdersClaimed, 2;
    pages_gathered_into_a_bundle: BundleGathered, 1;
    orders_handed_over_and_still_in_the_outbox: OrdersHandedOver, 1;
    cancels_and_confirmations_handed_over: OrdersHandedOver, 2;
    due_pages_claimed: PagesClaimed, 1;
    attempt_recorded_and_not_sent: AttemptRecorded, 6;
    request_answered_and_not_settled: RequestAnswered, 6;
    attempt_settled: Settled, 6;
    reply_committed_and_gateway_not_told: ReplyCommitted, 2;
    receipt_committed_and_gateway_not_told: ReceiptCommitted, 2;
    answers_claimed: AnswersClaimed, 1;
    answer_committed: AnswerCommitted, 2;
    answers_handed_over_and_still_in_the_outbox: AnswersHandedOver, 1;
}

/// Where a bundle, too, is between two steps: one test a seam.
macro_rules! deaths_in_a_flood {
    ($($name:ident: $seam:ident, $passage:literal;)*) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                tokio::join!(
                    die_in_a_flood(Seam::$seam, $passage, Death::Service),
                    die_in_a_flood(Seam::$seam, $passage, Death::Redis),
                );
            }
        )*
    };
}

// The first two messages leave at once; the third is the first bundle that was gathered.
deaths_in_a_flood! {
    bundle_handed_over_and_still_in_the_outbox: OrdersHandedOver, 2;
    bundle_claimed_to_leave: PagesClaimed, 1;
    bundle_recorded_and_not_sent: AttemptRecorded, 3;
    bundle_answered_and_not_settled: RequestAnswered, 3;
    bundle_settled: Settled, 3;
}
