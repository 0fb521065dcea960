// The clock of one complaint, drawn as a line: the promise, its warnings, and who is told after it.
//
// The scale is not even. Most of what matters happens in the hours around the deadline, and on an
// even scale of two days the first and the third hour after it would touch.

import { h, icon, s, setText } from "./element.js";
import { clockText, momentText, word } from "./words.js";

const HOUR = 3600e3;
const LINE = 38; // pixels from the top
// Where the parts of the line end, in per cent of its width: the start, the deadline, one hour later,
// three hours later, twice the promise, the rest.
const STOPS = [2, 47, 60.5, 76.5, 94, 98.5];
const RUNG_ICONS = ["person", "person", "flag", "person", "star", "star"];
const DOT_KINDS = { sent: "page", failed: "fail", reply: "answer", acknowledged: "answer", refused: "fail", progress: "good", closed: "good" };

/** Makes the places of the line for a complaint: a function from an instant to a place. */
function scale(complaint) {
  const { receivedAt, deadlineAt } = complaint;
  const length = Math.max(HOUR, deadlineAt - receivedAt);
  const hours = Math.min(3 * HOUR, length / 2);
  const times = [receivedAt, deadlineAt, deadlineAt + hours / 3, deadlineAt + hours, deadlineAt + length, deadlineAt + 2 * length];
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
    { at: times[2], label: `+1${hour}` },
    { at: times[3], label: `+3${hour}` },
    { at: times[4], label: promise % 24 ? `+1${day}` : `${promise / 12}×24${hour}` },
  ].map((mark, rung) => ({ ...mark, rung }));
}

/** Makes a dial. `update(complaint, percent, tone, at, detail)` draws the present. */
export function makeDial() {
  // Lengths in per cent and no view box: so circles stay round and lie under the marks at every width.
  const line = (name, from, to) => s("line", { class: name, x1: `${from}%`, x2: `${to}%`, y1: LINE, y2: LINE });
  const point = (name, radius, place = STOPS[0]) => s("circle", { class: name, cx: `${place}%`, cy: LINE, r: radius });
  const run = line("dial-run", STOPS[0], STOPS[0]);
  const dots = s("g", {});
  const needle = [point("dial-halo", 10), point("dial-now", 8)];
  const drawing = s("svg", { class: "dial-drawing", role: "img" },
    line("dial-promise", STOPS[0], STOPS[1]), line("dial-after", STOPS[1], STOPS.at(-1)), run, dots, needle);
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
      rung.style.left = `${place(mark.at)}%`;
      return rung;
    }));
  }

  function drawDots(complaint, detail, place) {
    const past = detail?.timeline.filter((entry) => DOT_KINDS[entry.kind]) ?? [];
    dots.replaceChildren(...past.map((entry) => point(`dot dot-${DOT_KINDS[entry.kind]}`, 4.5, place(Date.parse(entry.at)))));
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
      run.setAttribute("x2", `${here.toFixed(2)}%`);
      for (const circle of needle) circle.setAttribute("cx", `${here.toFixed(2)}%`);
      drawing.setAttribute("aria-label", word("dial")(Math.round(percent)));
      for (const rung of rungs.children) rung.classList.toggle("reached", place(Number(rung.dataset.at)) <= here + 0.05);
      setText(ends.firstChild, `${word("received")} ${clockText(complaint.receivedAt)}`);
      setText(ends.lastChild, `${word("deadline")} ${momentText(complaint.deadlineAt, at)} WIB`);
    },
  };
}
