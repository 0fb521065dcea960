// The page of `siaga demo`: joins what arrives from the service with the parts that draw it.

import { drawComplaints, tickComplaints } from "./complaints.js";
import { makeDetail } from "./detail.js";
import { h, icon, setText } from "./element.js";
import { drawPhones, ring, tickPhones } from "./phones.js";
import { playBell, setSound } from "./sound.js";
import { arrives, complaintsByUrgency, now, setClock, setFactor, takeComplaint, takeMessage, takeSnapshot, world } from "./world.js";
import { clockText, dateText, setLanguage, word, writeWords } from "./words.js";

const TICK = 250; // how often times and rings are painted, in milliseconds
const FOLLOW_EVERY = 5000; // following the newest faster than one can read helps nobody
const ANNOUNCE_EVERY = 3000;
const COUNTS = [["open", "complaint"], ["waiting", "clock"], ["warned", "alert"], ["escalating", "bell"], ["acknowledged", "hand"], ["exhausted", "cross"], ["missed", "flag"], ["closed", "lock"]];
const SPEEDS = [["pause", 0], ["slow", 60], ["medium", 600], ["fast", 3600]];

const at = (id) => document.getElementById(id);
const narrow = matchMedia("(max-width: 900px)");
let unread = 0;
let followedAt = -Infinity;
let awaitsNew = false;

const detail = makeDetail(at("detail-body"), {
  progress: (complaint, status) => post("/demo/progress", { complaint, status }),
  pin: (pinned) => { world.pinned = pinned; if (!pinned) followNewest(true); drawAll(); },
});

// ---- Asking the service

async function post(path, body) {
  try {
    const answer = await fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path} ${answer.status}`);
    return answer;
  } catch {
    toast(word("failed"));
    return null;
  }
}

async function get(path) {
  const answer = await fetch(path, { headers: { accept: "application/json" } });
  if (!answer.ok) throw new Error(`${path} ${answer.status}`);
  return answer.json();
}

async function loadSnapshot() {
  takeSnapshot(await get("/demo/state"));
  at("offline").hidden = true;
  if (!world.pinned) followNewest(true);
  drawAll();
  refreshDetail();
}

/** Does a thing soon, and once however often it is asked for. */
function soon(action, wait) {
  let timer = null;
  return () => { timer ??= setTimeout(() => { timer = null; action(); }, wait); };
}

const refreshDetail = soon(async () => {
  const id = world.selected;
  if (!id) return;
  try {
    const answer = await get(`/demo/complaints/${encodeURIComponent(id)}`);
    if (id !== world.selected) return;
    const { timeline, next, complaint, ...flat } = answer;
    takeComplaint(complaint ?? flat);
    detail.take({ id, timeline: timeline ?? [], next: next ?? [] }, world.complaints.get(id));
    detail.draw();
  } catch {
    // The complaint may be gone, or the service: the stream tells the second, the first shows itself.
  }
}, 200);
const redrawList = soon(() => drawComplaints(at("complaints"), choose), 400);
const redrawPhones = soon(() => { drawPhones(at("phone-list"), phoneActions); tickPhones(); }, 60);
const reload = soon(() => loadSnapshot().catch(offline), 1000);

function offline() {
  at("offline").hidden = false;
  reload();
}

function listen() {
  const events = new EventSource("/demo/events");
  const on = (name, take) => events.addEventListener(name, (event) => take(JSON.parse(event.data)));
  // The snapshot is read after the stream is open, so that nothing falls between the two.
  events.addEventListener("open", () => loadSnapshot().catch(offline));
  events.addEventListener("error", () => {
    at("offline").hidden = false;
    if (events.readyState === EventSource.CLOSED) setTimeout(listen, 2000);
  });
  on("message", messageArrived);
  on("complaint", complaintChanged);
  on("counts", (counts) => { world.counts = counts; drawCounts(); });
  on("clock", (clock) => { setClock(clock.now, clock.factor ?? world.factor); });
}

// ---- What arrives

function messageArrived(message) {
  if (!world.phones.has(message.responder)) return reload();
  if (!takeMessage(message)) return undefined;
  redrawPhones();
  if (message.complaint && message.complaint === world.selected) refreshDetail();
  if (!arrives(message)) return undefined;
  if (!world.phones.get(message.responder).off) setTimeout(() => { ring(message.responder); playBell(); }, 80);
  if (document.body.dataset.tab !== "phones") { unread += 1; drawUnread(); }
  announce(message);
  if (message.complaint) followNewest(false);
  return undefined;
}

function complaintChanged(complaint) {
  const fresh = !world.complaints.has(complaint.id);
  takeComplaint(complaint);
  redrawList();
  if (fresh && awaitsNew) { awaitsNew = false; choose(complaint.id, false); }
  if (complaint.id === world.selected) { detail.draw(); refreshDetail(); }
}

/** Selects the complaint of the newest message, or the most urgent, unless the reader holds one. */
function followNewest(atOnce) {
  const typing = document.activeElement?.closest?.(".answer");
  if (world.pinned || typing || (!atOnce && performance.now() - followedAt < FOLLOW_EVERY)) return;
  followedAt = performance.now();
  const arrived = [...world.phones.values()].flatMap((phone) => phone.messages.filter((message) => arrives(message) && world.complaints.has(message.complaint)));
  const newest = arrived.reduce((best, message) => (!best || message.at >= best.at ? message : best), null);
  select(newest?.complaint ?? complaintsByUrgency()[0]?.id ?? null);
}

function select(id) {
  if (id === world.selected) return;
  world.selected = id;
  at("detail-empty").hidden = Boolean(id);
  detail.draw();
  tickComplaints();
  tickPhones();
  refreshDetail();
}

/** The reader chose a complaint: it stays until the pin is taken out. */
function choose(id, show = true) {
  world.pinned = true;
  select(id);
  detail.draw();
  if (show && narrow.matches) showTab("detail");
}

const phoneActions = {
  reply: async (reply) => Boolean(await post("/demo/reply", reply)),
  choose,
  power: async (responder, off) => {
    if (!(await post("/demo/phone", { responder, off }))) return;
    world.phones.get(responder).off = off;
    redrawPhones();
  },
};

// ---- Drawing

function drawAll() {
  drawSpeeds();
  drawCounts();
  drawComplaints(at("complaints"), choose);
  at("detail-empty").hidden = Boolean(world.selected);
  detail.draw();
  drawPhones(at("phone-list"), phoneActions);
  tick();
}

function tick() {
  const time = now();
  setText(at("clock-time"), clockText(time));
  setText(at("clock-date"), dateText(time));
  tickComplaints();
  detail.tick();
  tickPhones();
}

function drawSpeeds() {
  at("speeds").replaceChildren(...SPEEDS.map(([name, factor]) => h("button", {
    type: "button", "aria-pressed": String(world.factor === factor), data: { factor },
    "aria-label": word("speedOf")(word(name), word("per")[factor]), title: word("speedOf")(word(name), word("per")[factor]),
    onclick: () => changeSpeed(factor),
  }, icon(name))));
}

async function changeSpeed(factor) {
  if (!(await post("/demo/clock", { factor }))) return;
  setFactor(factor);
  drawSpeeds();
  at("speeds").querySelector(`[data-factor="${factor}"]`)?.focus();
}

function drawCounts() {
  at("counts").replaceChildren(...COUNTS.filter(([name]) => name in world.counts).map(([name, sign]) =>
    h("li", { class: `chip chip-${name}`, data: { none: world.counts[name] ? "" : "none" } }, icon(sign), h("b", {}, String(world.counts[name])), h("span", {}, word("count")[name]))));
}

function drawUnread() {
  at("unread").hidden = unread === 0;
  setText(at("unread"), unread > 99 ? "99+" : String(unread));
}

function showTab(tab) {
  document.body.dataset.tab = tab;
  if (tab === "phones") { unread = 0; drawUnread(); }
  for (const button of at("tabs").children) {
    if (button.dataset.tab === tab) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
  scrollTo(0, 0);
}

let waiting = [];
const readOut = soon(() => {
  const [first] = waiting;
  const owner = world.phones.get(first.responder)?.name ?? first.responder;
  const text = word("arrived")(word("transport")[first.transport], owner, first.subject ?? first.text);
  at("announce").textContent = waiting.length > 1 ? `${text} — ${word("more")(waiting.length - 1)}` : text;
  waiting = [];
}, ANNOUNCE_EVERY);

/** Tells a screen reader of a message; of a flood only the first and how many more. */
function announce(message) {
  waiting.push(message);
  readOut();
}

let toastTimer;
function toast(text) {
  at("toast").hidden = false;
  at("toast").textContent = text;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { at("toast").hidden = true; }, 4000);
}

// ---- The fixed parts

for (const place of document.querySelectorAll("[data-icon]")) place.replaceChildren(icon(place.dataset.icon));
for (const link of document.querySelectorAll("[data-lang]")) link.addEventListener("click", (event) => { event.preventDefault(); setLanguage(link.dataset.lang); drawAll(); });
for (const button of at("tabs").children) button.addEventListener("click", () => showTab(button.dataset.tab));
at("new-complaint").addEventListener("click", async () => {
  awaitsNew = true;
  const answer = await post("/demo/complaint", {});
  const id = await answer?.json().then((made) => made.id ?? made.complaint, () => null);
  if (typeof id === "string" && world.complaints.has(id)) { awaitsNew = false; choose(id, false); }
});
at("sound").addEventListener("click", () => {
  const on = at("sound").getAttribute("aria-pressed") !== "true";
  at("sound").setAttribute("aria-pressed", String(on));
  at("sound").firstElementChild.replaceChildren(icon(on ? "sound" : "soundOff"));
  setSound(on);
});

writeWords();
showTab("phones");
listen();
setInterval(tick, TICK);
