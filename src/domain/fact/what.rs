//! Kinds of facts: what can have happened.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    super::{
        complaint::Status,
        cost::{Thrift, is_nought},
        delivery::{FailureKind, ReceiptKind, Transport},
        directory::ActingKind,
        escalation::Order,
        id::{ClockId, MethodId, PageId, PostCode, ResponderId, UnitCode},
        message::CheckKind,
        policy::{PolicyRef, Target},
        referral::Named,
        reply::Meaning,
    },
    Alarm, CancelReason, ClockAct, DeferReason, FallBack, FoldReason, NewsKind, NoEffect, NowLive,
    PassedOver, SelfTestStep, SilenceAct, SkipReason,
};

/// Kinds of facts. Names are part of the record: they are never renamed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "k")]
pub enum What {
    /// A complaint was taken in.
    Opened {
        /// When the citizen handed it in.
        received_at: Timestamp,
        /// Whose it is; none is the coordinator's desk.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unit: Option<UnitCode>,
        /// The policy it runs under.
        policy: PolicyRef,
        /// When an answer is due.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deadline: Option<Timestamp>,
        /// The state it came in, where that was not the state of a new one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<Status>,
        /// When that state was reached, where the source told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status_at: Option<Timestamp>,
    },
    /// A warning before the deadline became due.
    Warned {
        /// The share of the clock that had run.
        percent: u8,
        /// When it ought to have gone.
        due_at: Timestamp,
    },
    /// A promise was broken: no progress at its deadline. Exactly once a promise.
    Missed {
        /// Which promise: 1 is the first response.
        promise: u32,
        /// When progress was due.
        deadline: Timestamp,
        /// Whose it was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unit: Option<UnitCode>,
    },
    /// A step of the escalation was taken.
    Stepped {
        /// The round, from 0.
        round: u32,
        /// The step in the policy, from 0.
        step: usize,
        /// How often this step was taken in this round, from 1.
        time: u32,
        /// When it ought to have been taken.
        due_at: Timestamp,
    },
    /// Steps or warnings lost their meaning because later ones were due too; their people were
    /// told with the later one.
    Folded {
        /// What was folded: `warning 50%`, `step 0`.
        what: Vec<String>,
        /// Why.
        why: FoldReason,
    },
    /// A page was ordered.
    Paged {
        /// Its id.
        page: PageId,
        /// To whom.
        responder: ResponderId,
        /// In which post.
        post: PostCode,
        /// In which acting capacity.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        acting: Option<ActingKind>,
    },
    /// A page waits to travel with others, in one message.
    Bundled {
        /// The page.
        page: PageId,
        /// The bundle that carries it.
        into: PageId,
    },
    /// A target stood for nobody who is paged.
    Skipped {
        /// The target as the policy writes it.
        target: Target,
        /// Why nobody.
        why: SkipReason,
        /// Which post was passed over, for a target that goes on to the one above.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        over: Option<PassedOver>,
    },
    /// A responder answered: the paging stops for a while.
    Acknowledged {
        /// Who.
        by: ResponderId,
        /// Until when.
        until: Timestamp,
        /// The reply it came with.
        reply: String,
        /// Who still has to answer: then the others are told on, and only who answered is left alone.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        waiting: Vec<ResponderId>,
    },
    /// An answer changed nothing.
    AnswerWithoutEffect {
        /// Who.
        by: ResponderId,
        /// The reply it came with.
        reply: String,
        /// Why.
        why: NoEffect,
    },
    /// A responder says it is not theirs.
    Refused {
        /// Who.
        by: ResponderId,
        /// To whom they would hand it, in their words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<String>,
        /// Whom those words name in the directory, where they name one and no other.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        named: Option<Named>,
        /// The reply it came with.
        reply: String,
    },
    /// Everybody who is left to answer has: it is as if the last of them had answered for all.
    AllAnswered {
        /// Who answered last.
        by: ResponderId,
        /// Until when it is quiet.
        until: Timestamp,
    },
    /// An acknowledgement's hold ran out without progress.
    HoldEnded,
    /// Something happened to a further clock of the complaint.
    Clock {
        /// Which.
        clock: ClockId,
        /// What.
        act: ClockAct,
    },
    /// The policy's last round ended without an answer.
    Exhausted,
    /// The unit showed progress.
    Progressed {
        /// The state that shows it.
        status: Status,
        /// When it was shown, as far as the source tells.
        shown_at: Timestamp,
        /// Which promise it keeps.
        promise: u32,
        /// Whether before the deadline.
        in_time: bool,
        /// When new progress is due, where the policy asks for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next: Option<Timestamp>,
    },
    /// The source named a state that changes nothing for the promise.
    StatusNoted {
        /// The state.
        status: Status,
        /// When it was reached, where the source told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<Timestamp>,
    },
    /// The clock stands still.
    Paused {
        /// The state that stops it.
        status: Status,
        /// When it was reached, where the source told. Before the deadline of a miss that was
        /// recorded already, it excuses the miss.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<Timestamp>,
    },
    /// The clock runs again.
    Resumed {
        /// The state that starts it.
        status: Status,
        /// The new deadline.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deadline: Option<Timestamp>,
        /// When that state was reached, where the source told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<Timestamp>,
    },
    /// The unit returned it as not theirs.
    NotOurs {
        /// The state that says so.
        status: Status,
        /// When it was reached, where the source told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<Timestamp>,
        /// The new deadline, where the clock stood still or the promise was kept before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deadline: Option<Timestamp>,
    },
    /// It is another unit's now; or, from a unit to itself, it stays theirs although somebody there
    /// refused it.
    Reassigned {
        /// Whose it was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<UnitCode>,
        /// Whose it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<UnitCode>,
        /// The new deadline.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deadline: Option<Timestamp>,
    },
    /// It is over.
    Closed {
        /// In which state.
        status: Status,
        /// When it was reached, where the source told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<Timestamp>,
    },
    /// A request is about to leave for a gateway. Written before it leaves.
    AttemptBegun {
        /// The page.
        page: PageId,
        /// By which contact method.
        method: MethodId,
        /// How it travels.
        transport: Transport,
        /// The how manieth attempt by this method, from 1.
        attempt: u32,
        /// The address, masked.
        address: String,
        /// Whether an earlier request under the same reference may have been delivered.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        repeated: bool,
        /// How late against its due time.
        #[serde(default, skip_serializing_if = "SignedDuration::is_zero")]
        late: SignedDuration,
    },
    /// The gateway took it.
    AttemptSent {
        /// The page.
        page: PageId,
        /// By which contact method.
        method: MethodId,
        /// Which attempt.
        attempt: u32,
        /// Through which gateway.
        gateway: String,
        /// The gateway's own id of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        gateway_id: Option<String>,
        /// What it costs, in the currency's whole units.
        #[serde(default, skip_serializing_if = "is_nought")]
        cost: u64,
    },
    /// The gateway did not take it.
    AttemptFailed {
        /// The page.
        page: PageId,
        /// By which contact method.
        method: MethodId,
        /// Which attempt.
        attempt: u32,
        /// Through which gateway.
        gateway: String,
        /// What kind of failure.
        kind: FailureKind,
        /// What the gateway said.
        detail: String,
        /// What it may cost all the same, when it may have been sent.
        #[serde(default, skip_serializing_if = "is_nought")]
        cost: u64,
    },
    /// A gateway told how a message fared.
    Receipt {
        /// The page.
        page: PageId,
        /// By which contact method.
        method: MethodId,
        /// Of which attempt.
        #[serde(default)]
        attempt: u32,
        /// What it told.
        receipt: ReceiptKind,
        /// Why it failed, where the gateway told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<FailureKind>,
    },
    /// A message waits before it leaves. A wait that is soon over is not recorded.
    Deferred {
        /// The page.
        page: PageId,
        /// By which contact method.
        method: MethodId,
        /// Until when, as far as could be said.
        until: Timestamp,
        /// Why.
        why: DeferReason,
    },
    /// A contact method is passed over because of what it costs.
    Spared {
        /// The page.
        page: PageId,
        /// Which method.
        method: MethodId,
        /// How much had to be saved.
        why: Thrift,
    },
    /// The next contact method is used too.
    FellBack {
        /// The page.
        page: PageId,
        /// To which method.
        method: MethodId,
        /// Why.
        why: FallBack,
    },
    /// Every way to the person has failed.
    PageFailed {
        /// The page.
        page: PageId,
        /// Who was not reached.
        responder: ResponderId,
    },
    /// An operator ordered something by hand.
    OrderedByHand {
        /// Who.
        by: String,
        /// Why.
        reason: String,
        /// The order's own id.
        key: String,
        /// What was ordered.
        #[serde(flatten)]
        order: Order,
    },
    /// Whoever was paged was told that they need not answer any more.
    Informed {
        /// The page that had asked them.
        page: PageId,
        /// What they were told.
        news: NewsKind,
    },
    /// A page is no longer wanted: nothing of it leaves from now on.
    PageCancelled {
        /// The page.
        page: PageId,
        /// Why.
        why: CancelReason,
    },
    /// Somebody replied.
    Replied {
        /// Who.
        by: ResponderId,
        /// The reply's id.
        reply: String,
        /// By which transport.
        transport: Transport,
        /// The words, at most 200 characters, digit runs of five and more masked.
        text: String,
        /// How they were understood.
        meaning: Meaning,
    },
    /// A message from an address that is nobody's.
    Stranger {
        /// By which transport.
        transport: Transport,
        /// The address, masked.
        address: String,
    },
    /// A contact method was taken out of use, or put back, by its owner or a gateway.
    MethodSwitched {
        /// Whose.
        responder: ResponderId,
        /// Which.
        method: MethodId,
        /// Whether it carries pages from now on.
        on: bool,
        /// Why.
        why: String,
    },
    /// A person's own telephone was asked whether it is theirs, or tested.
    CheckAsked {
        /// The page that carries it.
        page: PageId,
        /// Which of the two.
        check: CheckKind,
    },
    /// The right answer came.
    CheckAnswered {
        /// The page that carried it.
        page: PageId,
        /// Which of the two.
        check: CheckKind,
        /// By which way; none where the administrator was told the code.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<Transport>,
        /// How long after it was asked.
        after: SignedDuration,
    },
    /// It runs under another version of a policy from here on, on purpose.
    PolicyMoved {
        /// Under which it ran.
        from: PolicyRef,
        /// Under which it runs.
        to: PolicyRef,
        /// Who ordered it.
        by: String,
        /// Why.
        reason: String,
        /// When progress is due now, or was, if that was missed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deadline: Option<Timestamp>,
    },
    /// What decisions are made by was changed: from here on these versions are in force.
    Changed {
        /// The number of the change.
        change: u64,
        /// Who made it.
        author: String,
        /// Who approved it, where that was asked for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        approved_by: Option<String>,
        /// Why.
        reason: String,
        /// What became live.
        items: Vec<NowLive>,
    },
    /// What could not be processed was tried once more.
    LetterRetried {
        /// Its dead letter.
        letter: String,
        /// What it was, cut.
        what: String,
        /// By whom: an API key, or a user of the command line.
        by: String,
    },
    /// What could not be processed was given up.
    LetterDropped {
        /// Its dead letter.
        letter: String,
        /// What it was, cut.
        what: String,
        /// By whom.
        by: String,
        /// Why.
        reason: String,
    },
    /// A gateway's test went on.
    SelfTest {
        /// Which gateway's.
        gateway: String,
        /// Which of its tests, from 1.
        number: u64,
        /// What happened.
        step: SelfTestStep,
    },
    /// A silence was declared or ended.
    Silence {
        /// Its number.
        number: u64,
        /// What became of it.
        act: SilenceAct,
    },
    /// Something an operator must know.
    Alarm {
        /// What.
        alarm: Alarm,
    },
}
