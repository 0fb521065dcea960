// The list of complaints: a ring a complaint, that fills as its time runs.

import { h, icon, s, setText } from "./element.js";
import { complaintsByUrgency, now, percentNow, world } from "./world.js";
import { lengthText, word } from "./words.js";

// A circle of this radius has a circumference of 100, so a share is its dash length.
const RADIUS = 15.9155;
const PHASE_ICONS = { waiting: "clock", warned: "alert", escalating: "bell", acknowledged: "hand", exhausted: "cross", kept: "check", paused: "pause", closed: "lock" };
const rows = new Map();

/** The icon of a phase. */
export const phaseIcon = (phase) => PHASE_ICONS[phase] ?? "clock";

/** The colour's name of a complaint: what is said by the phase first, then by the share that ran. */
export function tone(complaint, percent) {
  const said = { escalating: "late", exhausted: "late", acknowledged: "held", kept: "good", closed: "quiet", paused: "quiet" }[complaint.phase];
  return said ?? (percent >= 75 ? "soon" : percent >= 50 ? "half" : "early");
}

/** How long is left, or how late it is. */
export function remainingText(complaint, at) {
  if (["kept", "closed", "paused"].includes(complaint.phase)) return word("phase")[complaint.phase];
  const left = complaint.deadlineAt - at;
  return left >= 0 ? word("left")(lengthText(left)) : word("late")(lengthText(left));
}

/** Puts the list into its order. `choose` is called with the id of a complaint that is clicked. */
export function drawComplaints(list, choose) {
  const sorted = complaintsByUrgency();
  const wanted = new Set(sorted.map((complaint) => complaint.id));
  for (const [id, row] of rows) if (!wanted.has(id)) { row.element.remove(); rows.delete(id); }
  sorted.forEach((complaint, place) => {
    const row = rows.get(complaint.id) ?? makeRow(complaint, choose);
    // Moving the focused row would take the focus away; it stays until the focus leaves.
    if (list.children[place] !== row.element && !row.element.contains(document.activeElement)) list.insertBefore(row.element, list.children[place] ?? null);
  });
  tickComplaints();
}

function makeRow(complaint, choose) {
  const ring = s("circle", { class: "ring-run", cx: 18, cy: 18, r: RADIUS, pathLength: 100 });
  const mark = h("span", { class: "ring-icon" });
  const title = h("b", {});
  const area = h("span", { class: "row-area" });
  const time = h("span", { class: "row-time" });
  const button = h("button", { type: "button", class: "complaint", onclick: () => choose(complaint.id) },
    h("span", { class: "ring" }, s("svg", { viewBox: "0 0 36 36", "aria-hidden": "true" }, s("circle", { class: "ring-back", cx: 18, cy: 18, r: RADIUS }), ring), mark),
    h("span", { class: "row-text" }, h("span", { class: "row-top" }, title, time), area, h("small", { class: "row-id" }, complaint.id)));
  const row = { element: h("li", {}, button), button, ring, mark, title, area, time, phase: null };
  rows.set(complaint.id, row);
  return row;
}

/** Lets the rings and times run on. Touches only what has changed. */
export function tickComplaints() {
  const at = now();
  for (const [id, row] of rows) {
    const complaint = world.complaints.get(id);
    if (!complaint) continue;
    const percent = percentNow(complaint, at);
    const share = Math.round(Math.min(100, percent));
    if (row.share !== share) { row.share = share; row.ring.setAttribute("stroke-dasharray", `${share} 100`); }
    row.button.dataset.tone = tone(complaint, percent);
    if (row.phase !== complaint.phase) { row.phase = complaint.phase; row.mark.replaceChildren(icon(phaseIcon(complaint.phase))); }
    setText(row.title, complaint.unit ?? word("noUnit"));
    setText(row.area, [complaint.category, complaint.area].filter(Boolean).join(" · "));
    setText(row.time, remainingText(complaint, at));
    if (id === world.selected) row.button.setAttribute("aria-current", "true");
    else row.button.removeAttribute("aria-current");
    row.button.title = word("phase")[complaint.phase] ?? complaint.phase;
  }
}
