// The bell of an arriving message: two short tones, made here, so that no file is needed.

const TONES = [880, 1174.7]; // hertz
const BETWEEN = 500; // milliseconds; a flood of messages is one bell

let context = null;
let on = false;
let rangAt = 0;

/** Turns the bell on or off. Call it from a click: a browser lets no page make sound before one. */
export function setSound(wanted) {
  on = wanted;
  if (!on) return;
  context ??= new AudioContext();
  context.resume();
  playBell();
}

/** Rings once, if the bell is on. */
export function playBell() {
  if (!on || performance.now() - rangAt < BETWEEN) return;
  rangAt = performance.now();
  TONES.forEach((tone, place) => {
    const from = context.currentTime + place * 0.12;
    const oscillator = new OscillatorNode(context, { frequency: tone, type: "sine" });
    const volume = new GainNode(context, { gain: 0 });
    volume.gain.setValueAtTime(0.0001, from);
    volume.gain.exponentialRampToValueAtTime(0.12, from + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, from + 0.3);
    oscillator.connect(volume).connect(context.destination);
    oscillator.start(from);
    oscillator.stop(from + 0.32);
  });
}
