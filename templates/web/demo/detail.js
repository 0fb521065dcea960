// The complaint in the middle: its clock, what comes next, what has happened.

import { phaseIcon, remainingText, tone } from "./complaints.js";
import { makeDial } from "./dial.js";
import { h, icon, setText } from "./element.js";
import { now, percentNow, world } from "./world.js";
import { lengthText, momentText, said, word } from "./words.js";

const KIND_ICONS = {
  opened: "complaint", warning_due: "alert", missed: "cross", paged: "bell", sent: "send", delivered: "checks", failed: "alert",
  reply: "reply", acknowledged: "hand", refused: "forward", resumed: "rotate", progress: "flag", closed: "lock", alarm: "alert", step_skipped: "skip",
};
const STATUS_ICONS = { verifikasi: "search", "cek lapangan": "pin", pengerjaan: "tools", selesai: "check" };
const TRANSPORTS = new Set(["sms", "whatsapp", "email", "voice"]);

/** Makes the middle. `actions`: `progress(complaint, status)`, `pin(pinned)`. */
export function makeDetail(body, actions) {
  const dial = makeDial();
  const title = h("h2", { id: "detail-title" });
  const place = h("p", { class: "detail-place" });
  const pin = h("button", { type: "button", class: "tool pin", onclick: () => actions.pin(!world.pinned) });
  const phase = h("p", { class: "phase" });
  const remaining = h("p", { class: "remaining" });
  const record = h("div", { class: "record", role: "group" });
  const nextTitle = h("h3", {});
  const nextList = h("ol", { class: "next" });
  const pastTitle = h("h3", {});
  const pastList = h("ol", { class: "timeline" });
  body.append(
    h("header", { class: "detail-head" }, h("div", {}, title, place), pin),
    h("div", { class: "standing" }, phase, remaining),
    dial.element, record,
    h("section", {}, nextTitle, nextList), h("section", {}, pastTitle, pastList));
  let detail = null;
  let shown = "";

  function tick() {
    const complaint = world.complaints.get(world.selected) ?? detail?.view;
    if (!complaint) return;
    const at = now();
    const percent = percentNow(complaint, at);
    const colour = tone(complaint, percent);
    body.dataset.tone = colour;
    dial.update(complaint, percent, colour, at, detail?.id === complaint.id ? detail : null);
    setText(remaining, complaint.phase === "acknowledged" && complaint.holdUntil ? word("until")(momentText(complaint.holdUntil, at)) : remainingText(complaint, at));
    for (const time of body.querySelectorAll("[data-due]")) {
      const left = Number(time.dataset.due) - at;
      setText(time, left > 30e3 ? word("inTime")(lengthText(left)) : word("nowWord"));
    }
  }

  function drawHead(complaint) {
    setText(title, complaint.unit_name ?? complaint.unit ?? word("noUnit"));
    setText(place, [complaint.category, complaint.area, complaint.id].filter(Boolean).join(" · "));
    const by = complaint.phase === "acknowledged" && complaint.acknowledged_by ? ` ${word("by")(complaint.acknowledged_by)}` : "";
    phase.replaceChildren(icon(phaseIcon(complaint.phase)), h("span", {}, (word("phase")[complaint.phase] ?? complaint.phase) + by));
    pin.replaceChildren(icon("pin"), h("span", {}, word(world.pinned ? "follow" : "hold")));
    pin.toggleAttribute("data-on", world.pinned);
    pin.setAttribute("aria-label", word(world.pinned ? "follow" : "hold"));
    const key = `${complaint.id} ${complaint.status} ${complaint.phase} ${word("record")}`;
    if (key === shown) return;
    shown = key;
    record.setAttribute("aria-label", word("record"));
    record.replaceChildren(...Object.entries(word("statuses")).map(([status, name]) =>
      h("button", {
        type: "button", class: "status", "aria-pressed": String(complaint.status === status), disabled: complaint.phase === "closed",
        onclick: () => actions.progress(complaint.id, status),
      }, icon(STATUS_ICONS[status]), h("span", {}, name))));
  }

  function drawLists() {
    setText(nextTitle, word("next"));
    setText(pastTitle, word("timeline"));
    const known = detail?.id === world.selected ? detail : null;
    nextList.replaceChildren(...(known?.next.length ? known.next.map(nextEntry) : [h("li", { class: "none" }, word("nothingNext"))]));
    nextList.hidden = !known;
    pastList.replaceChildren(...(known ? [...known.timeline].reverse().map(pastEntry) : []));
  }

  return {
    /** Draws everything again: another complaint, another language, new facts. */
    draw() {
      const complaint = world.complaints.get(world.selected) ?? detail?.view;
      body.hidden = !complaint;
      if (!complaint) return;
      drawHead(complaint);
      drawLists();
      tick();
    },
    /** Takes over what the service says about the selected complaint. */
    take(answer, view) { detail = { ...answer, view }; },
    tick,
  };
}

function nextEntry(entry) {
  const at = Date.parse(entry.at);
  return h("li", {}, h("span", { class: "next-time", data: { due: at } }), h("span", { class: "next-what" }, said(entry, "what")),
    h("span", { class: "people" }, ...(entry.who ?? []).map((who) => h("span", { class: "who" }, icon("person"), who))));
}

function pastEntry(entry) {
  return h("li", { class: `kind-${entry.kind}` },
    h("span", { class: "kind" }, icon(KIND_ICONS[entry.kind] ?? "clock")),
    h("span", { class: "past-text" }, said(entry, "text"),
      entry.who && !said(entry, "text").includes(entry.who) ? h("small", {}, entry.who) : null),
    TRANSPORTS.has(entry.transport) ? h("span", { class: `transport ${entry.transport}`, title: word("transport")[entry.transport] }, icon(entry.transport), h("span", { class: "unseen" }, word("transport")[entry.transport])) : null,
    h("time", { datetime: entry.at }, momentText(Date.parse(entry.at), now())));
}
