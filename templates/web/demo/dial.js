// The clock of one complaint, drawn as a line: the promise, its warnings, and who is told after it.
//
// The scale is not even. Most of what matters happens in the hours around the deadline, and on an
// even scale of two days the first and the third hour after it would touch.

import { h, icon, s, setText } from "./element.js";
import { clockText, momentText, word } from "./words.js";

const HOUR = 3600e3;
const WIDTH = 1000;
const LINE = 64;
// Where the parts of the line end: the start, the deadline, three hours later, twice the promise, the rest.
const STOPS = [24, 560, 790, 960, 990];
const RUNG_ICONS = ["person", "person", "flag", "person", "star", "star"];
const DOT_KINDS = { sent: "page", failed: "fail", reply: "answer", acknowledged: "answer", refused: "fail", progress: "good", closed: "good" };

/** Makes the places of the line for a complaint: a function from an instant to a place. */
function scale(complaint) {
  const { receivedAt, deadlineAt } = complaint;
  const length = Math.max(HOUR, deadlineAt - receivedAt);
  const times = [receivedAt, deadlineAt, deadlineAt + Math.min(3 * HOUR, length / 2), deadlineAt + length, deadlineAt + 2 * length];
  const place = (at) => {
    let part = times.findLastIndex((time) => at >= time);
    if (part < 0) return STOPS[0];
    if (part >= times.length - 1) return STOPS.at(-1);
    return STOPS[part] + ((at - times[part]) / (times[part + 1] - times[part])) * (STOPS[part + 1] - STOPS[part]);
  };
  return { place, length, times };
}

/** The marks of the policy that is shipped: half, three quarters, deadline, +1 h, +3 h, twice. */
function marks(complaint) {
  const { length, times } = scale(complaint);
  const { receivedAt, deadlineAt } = complaint;
  const [, hour, day] = word("units");
  const promise = Math.round(length / HOUR);
  return [
    { at: receivedAt + length * 0.5, label: "50%" },
    { at: receivedAt + length * 0.75, label: "75%" },
    { at: deadlineAt, label: promise % 24 ? `${promise}${hour}` : `${promise / 24}×24${hour}` },
    { at: deadlineAt + (times[2] - deadlineAt) / 3, label: `+1${hour}` },
    { at: times[2], label: `+3${hour}` },
    { at: times[3], label: promise % 24 ? `+1${day}` : `${promise / 12}×24${hour}` },
  ].map((mark, rung) => ({ ...mark, rung }));
}

/** Makes a dial. `update(complaint, percent, tone, at, detail)` draws the present. */
export function makeDial() {
  const run = s("path", { class: "dial-run", d: `M${STOPS[0]} ${LINE}H${STOPS[0]}` });
  const dots = s("g", { class: "dial-dots" });
  const needle = s("g", { class: "dial-now" }, s("circle", { r: 15, cx: 0, cy: LINE, class: "dial-halo" }), s("circle", { r: 9, cx: 0, cy: LINE }));
  const drawing = s("svg", { viewBox: `0 0 ${WIDTH} 100`, class: "dial-drawing", role: "img" },
    s("path", { class: "dial-promise", d: `M${STOPS[0]} ${LINE}H${STOPS[1]}` }),
    s("path", { class: "dial-after", d: `M${STOPS[1]} ${LINE}H${STOPS.at(-1)}` }),
    run, dots, needle);
  const rungs = h("ol", { class: "rungs" });
  const ends = h("div", { class: "dial-ends" }, h("span", {}), h("span", {}));
  const element = h("div", { class: "dial" }, h("div", { class: "dial-field" }, drawing, rungs), ends);
  let drawn = "";

  function drawRungs(complaint) {
    const key = `${complaint.id} ${complaint.deadline} ${word("rungs")[0]}`;
    if (key === drawn) return;
    drawn = key;
    const { place } = scale(complaint);
    rungs.replaceChildren(...marks(complaint).map((mark) => {
      const rung = h("li", { class: "rung", data: { at: mark.at } },
        h("span", { class: "rung-icon" }, icon(RUNG_ICONS[mark.rung])), h("b", {}, mark.label), h("small", {}, word("rungs")[mark.rung]));
      rung.style.left = `${place(mark.at) / 10}%`;
      return rung;
    }));
  }

  function drawDots(complaint, detail, place) {
    const past = detail?.timeline.filter((entry) => DOT_KINDS[entry.kind]) ?? [];
    dots.replaceChildren(...past.map((entry) => s("circle", { class: `dot dot-${DOT_KINDS[entry.kind]}`, cx: place(Date.parse(entry.at)), cy: LINE, r: 5 })));
  }

  return {
    element,
    update(complaint, percent, tone, at, detail) {
      const { place } = scale(complaint);
      drawRungs(complaint);
      drawDots(complaint, detail, place);
      // An answer in time stops the clock where it was; what is late runs on.
      const stopped = ["kept", "closed", "paused"].includes(complaint.phase);
      const here = stopped || percent < 100 ? place(complaint.receivedAt + ((complaint.deadlineAt - complaint.receivedAt) * percent) / 100) : place(at);
      element.dataset.tone = tone;
      run.setAttribute("d", `M${STOPS[0]} ${LINE}H${here.toFixed(1)}`);
      needle.setAttribute("transform", `translate(${here.toFixed(1)} 0)`);
      drawing.setAttribute("aria-label", word("dial")(Math.round(percent)));
      for (const rung of rungs.children) rung.classList.toggle("reached", place(Number(rung.dataset.at)) <= here + 0.5);
      setText(ends.firstChild, `${word("received")} ${clockText(complaint.receivedAt)}`);
      setText(ends.lastChild, `${word("deadline")} ${momentText(complaint.deadlineAt, at)} WIB`);
    },
  };
}
