// Makes elements and icons. Data only ever becomes text nodes here; nothing parses markup.

const SVG = "http://www.w3.org/2000/svg";

/** Makes an element. `properties`: attributes, `on…` listeners, `class`, `data` (an object);
 *  null, undefined and false are left out. Children are nodes or texts. */
export function h(tag, properties = {}, ...children) {
  return fill(document.createElement(tag), properties, children);
}

/** The same for a drawing. */
export function s(tag, properties = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), properties, children);
}

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "data") Object.assign(element.dataset, value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Writes a text only when it differs, so that nothing is painted or read out for nothing. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// Paths on a 24 x 24 field, drawn with a round pen of width 2.
const PATHS = {
  alert: "M12 4 2.8 20h18.4L12 4Z M12 10v4.5 M12 17.4v.1",
  arrow: "M4 12h15 M13 6l6 6-6 6",
  bell: "M12 4a5.5 5.5 0 0 0-5.5 5.5V14L4.5 17.5h15L17.5 14V9.5A5.5 5.5 0 0 0 12 4Z M10 20.5h4",
  check: "M5 12.8 10 17.5 19.5 7",
  checks: "M2.5 12.8 7 17 14.5 8 M11.5 16.2l1.2.9L21.5 8",
  clock: "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17Z M12 8v4.3l3 2",
  complaint: "M4 5h16v11h-9l-4.5 4V16H4Z M8 9h8 M8 12h5",
  cross: "M6.5 6.5l11 11 M17.5 6.5l-11 11",
  email: "M3.5 6h17v12.5h-17Z M4 6.8l8 6.4 8-6.4",
  fast: "M3.5 6.5 9 12l-5.5 5.5 M9.5 6.5 15 12l-5.5 5.5 M15.5 6.5 21 12l-5.5 5.5",
  flag: "M6 21V4h11.5l-2.6 4 2.6 4H6",
  forward: "M14 6l5 5-5 5 M19 11H9.5A4.5 4.5 0 0 0 5 15.5V19",
  hand: "M8 12V6.2a1.4 1.4 0 0 1 2.8 0V11 M10.8 10V4.9a1.4 1.4 0 0 1 2.8 0V11 M13.6 10.5V6.4a1.4 1.4 0 0 1 2.8 0V14c0 4-2 6.5-5.2 6.5-2.7 0-4-1.2-5.4-3.8l-1.6-3.1c-.7-1.5 1.2-2.5 2.1-1.2L8 14.5",
  lock: "M6 11h12v9H6Z M8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  medium: "M6.5 6.5 12 12l-5.5 5.5 M12.5 6.5 18 12l-5.5 5.5",
  pause: "M8.5 6v12 M15.5 6v12",
  person: "M12 4.2a3.8 3.8 0 1 0 0 7.6 3.8 3.8 0 0 0 0-7.6Z M4.8 20c.6-3.8 3.4-5.6 7.2-5.6s6.6 1.8 7.2 5.6",
  phone: "M8 3h8a1.5 1.5 0 0 1 1.5 1.5v15a1.5 1.5 0 0 1-1.5 1.5H8a1.5 1.5 0 0 1-1.5-1.5v-15A1.5 1.5 0 0 1 8 3Z M11 18h2",
  pin: "M9 3.5h6l-.6 6 3.1 3.5H6.5l3.1-3.5Z M12 13v7.5",
  plus: "M12 5v14 M5 12h14",
  power: "M12 3.5V11 M7 6.6a7.5 7.5 0 1 0 10 0",
  reply: "M10 6 5 11l5 5 M5 11h9.5a4.5 4.5 0 0 1 4.5 4.5V19",
  rotate: "M19.5 12a7.5 7.5 0 1 1-2.5-5.6 M19.8 3.5v4h-4",
  search: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13Z M15.5 15.5 20.5 20.5",
  send: "M4 12 20 4.5 15.5 20l-4-6.5Z M11.5 13.5 20 4.5",
  skip: "M5 6l8 6-8 6Z M17.5 6v12",
  slow: "M9.5 6.5 15 12l-5.5 5.5",
  sms: "M4 5h16v11h-9l-4.5 4V16H4Z",
  sound: "M4 9.5v5h3.5L12 18.5v-13L7.5 9.5Z M15.5 9a4 4 0 0 1 0 6 M18 6.5a7.5 7.5 0 0 1 0 11",
  soundOff: "M4 9.5v5h3.5L12 18.5v-13L7.5 9.5Z M16 9.5l5 5 M21 9.5l-5 5",
  star: "M12 3.8l2.5 5.3 5.7.8-4.1 4.1 1 5.8-5.1-2.8-5.1 2.8 1-5.8L3.8 9.9l5.7-.8Z",
  tools: "M14.5 6.5a4.5 4.5 0 0 1 5.3-2.2l-2.6 2.9 1.8 1.8 2.7-2.6a4.5 4.5 0 0 1-5.9 5.5L8.5 19.5a2.1 2.1 0 0 1-3-3l7.5-7.3",
  whatsapp: "M12 3.5a8.5 8.5 0 0 0-7.3 12.8L3.5 20.5l4.3-1.2A8.5 8.5 0 1 0 12 3.5Z M9 8.5c-.3 3.5 2.8 6.8 6.5 7l.5-1.8-2-1-1 .8c-1-.5-1.8-1.3-2.3-2.3l.8-1-1-2Z",
};

/** Draws an icon. It says nothing to a screen reader: give the button a name. */
export function icon(name) {
  return s("svg", { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true", focusable: "false" }, s("path", { d: PATHS[name] ?? PATHS.bell }));
}
