// What the page knows of the world: the simulated clock, the complaints, the telephones. Filled by
// the snapshot and by events, read by the parts that draw; it draws nothing itself.

/** Messages from the service to a telephone; the others were typed on it. */
const TO_PHONE = "out";
// A telephone of a busy post gets hundreds of messages; older ones than these are of no use here.
const MESSAGES_KEPT = 60;

export const world = {
  complaints: new Map(),
  phones: new Map(),
  counts: {},
  factor: 0,
  selected: null,
  pinned: false,
  clockBase: Date.now(),
  clockReadAt: performance.now(),
};

/** The simulated time in milliseconds; it runs on between two messages of the service. */
export const now = () => world.clockBase + (performance.now() - world.clockReadAt) * world.factor;

/** Takes over the service's time. */
export function setClock(at, factor = world.factor) {
  world.clockBase = Date.parse(at);
  world.clockReadAt = performance.now();
  world.factor = factor;
}

/** Changes the speed without a leap of the time shown. */
export function setFactor(factor) {
  world.clockBase = now();
  world.clockReadAt = performance.now();
  world.factor = factor;
}

/** Reads a time of the service; null stays null. */
export const instant = (text) => (text ? Date.parse(text) : null);

/** Takes over a snapshot. Telephones keep their order, so that nothing jumps after a reconnect. */
export function takeSnapshot(snapshot) {
  setClock(snapshot.now, snapshot.factor);
  world.counts = snapshot.counts;
  world.complaints = new Map();
  snapshot.complaints.forEach(takeComplaint);
  for (const phone of snapshot.phones) {
    const known = world.phones.get(phone.responder);
    world.phones.set(phone.responder, { ...phone, messages: phone.messages.slice(-MESSAGES_KEPT), unread: known?.unread ?? 0 });
  }
}

/** Takes over one complaint, and remembers when its share of the clock was true. */
export function takeComplaint(complaint) {
  world.complaints.set(complaint.id, {
    ...complaint,
    receivedAt: instant(complaint.received_at),
    deadlineAt: instant(complaint.deadline),
    holdUntil: instant(complaint.hold_until),
    readAt: now(),
  });
}

/** Whether a message arrives on a telephone, or was typed on it. */
export const arrives = (message) => message.direction === TO_PHONE;

/** Adds a message. False when it is known already or no telephone shown here has it. */
export function takeMessage(message) {
  const phone = world.phones.get(message.responder);
  if (!phone || phone.messages.some((known) => sameMessage(known, message))) return false;
  phone.messages = [...phone.messages, message].slice(-MESSAGES_KEPT);
  return true;
}

const sameMessage = (a, b) => a.at === b.at && a.direction === b.direction && a.reference === b.reference && a.text === b.text;

/** The telephones, those that rang last first. */
export function phonesByNews() {
  const last = (phone) => phone.messages.findLast(arrives)?.at;
  return [...world.phones.values()].sort((a, b) => (instant(last(b)) ?? 0) - (instant(last(a)) ?? 0));
}

const RUNS = new Set(["waiting", "warned"]);

/** The share of the clock that has run, in per cent. Between two readings it is carried on towards
 *  100 at the deadline; a pause or an answer holds it. */
export function percentNow(complaint, at = now()) {
  if (!RUNS.has(complaint.phase)) return complaint.percent;
  const left = complaint.deadlineAt - complaint.readAt;
  if (left <= 0) return complaint.percent;
  const more = ((at - complaint.readAt) / left) * (100 - complaint.percent);
  return Math.min(100, Math.max(0, complaint.percent + more));
}

const URGENCY = ["exhausted", "escalating", "warned", "waiting", "acknowledged", "paused", "kept", "closed"];
// As many as the snapshot holds.
const COMPLAINTS_KEPT = 60;

/** The most urgent complaints first; those beyond the list's length are forgotten. */
export function complaintsByUrgency() {
  const sorted = [...world.complaints.values()].sort(
    (a, b) => URGENCY.indexOf(a.phase) - URGENCY.indexOf(b.phase) || a.deadlineAt - b.deadlineAt,
  );
  for (const over of sorted.slice(COMPLAINTS_KEPT)) if (over.id !== world.selected) world.complaints.delete(over.id);
  return sorted.filter((complaint) => world.complaints.has(complaint.id));
}
