// The telephones: messages arrive as bubbles, and one answers by typing or by pressing a button.

import { h, icon, setText } from "./element.js";
import { arrives, now, phonesByNews, world } from "./world.js";
import { clockText, word } from "./words.js";

const RING_FOR = 1600; // milliseconds of real time
const CODE = /\bOK (\d{1,3})\b/i;
const drawn = new Map();

/** Puts the telephones into their order. `actions`: `reply(reply)`, `power(responder, off)`, `choose(complaint)`. */
export function drawPhones(list, actions) {
  // A telephone must not run away under the hands of the one who types on it.
  const typing = list.contains(document.activeElement);
  const phones = phonesByNews();
  for (const [responder, phone] of drawn) if (!world.phones.has(responder)) { phone.element.remove(); drawn.delete(responder); }
  phones.forEach((phone, place) => {
    const known = drawn.get(phone.responder);
    const shown = known ?? makePhone(phone.responder, actions);
    if (!known || (!typing && list.children[place] !== shown.element)) {
      const scrolled = shown.messages.scrollTop;
      list.insertBefore(shown.element, list.children[place] ?? null);
      shown.messages.scrollTop = scrolled;
    }
    shown.draw(phone);
  });
}

/** Lets a telephone ring once. */
export function ring(responder) {
  const shown = drawn.get(responder);
  if (!shown) return;
  shown.element.classList.add("ringing");
  clearTimeout(shown.quiet);
  shown.quiet = setTimeout(() => shown.element.classList.remove("ringing"), RING_FOR);
}

/** Lets the small clocks run and marks the messages of the selected complaint. */
export function tickPhones() {
  const time = clockText(now());
  for (const shown of drawn.values()) shown.tick(time);
}

// The code stands in the text, or only in the buttons.
const codeOf = (message) => CODE.exec([message.text, ...(message.buttons ?? []).map((button) => button.payload)].join("\n"))?.[1];

const initials = (name) => name.split(/\s+/).map((part) => part[0]).join("").slice(0, 2).toUpperCase();
const hue = (text) => [...text].reduce((sum, letter) => sum + letter.codePointAt(0), 0) % 6;

function makePhone(responder, actions) {
  const time = h("span", {});
  const name = h("b", {});
  const title = h("small", {});
  const avatar = h("span", { class: "avatar", "aria-hidden": "true" });
  const power = h("button", { type: "button", class: "power", role: "switch", onclick: () => actions.power(responder, !world.phones.get(responder).off) }, icon("power"));
  const messages = h("ol", { class: "messages", tabindex: "0" });
  const empty = h("p", { class: "no-messages" });
  const dark = h("p", { class: "dark" });
  const chips = h("div", { class: "replies" });
  const how = h("span", { class: "how" });
  const input = h("input", { type: "text", autocomplete: "off", maxlength: "480", enterkeyhint: "send" });
  const send = h("button", { type: "submit", class: "send" }, icon("send"));
  const form = h("form", { class: "answer", onsubmit: (event) => { event.preventDefault(); answer(input.value.trim()); } }, how, input, send);
  const element = h("article", { class: "phone" },
    h("div", { class: "phone-top", "aria-hidden": "true" }, time, h("i", {}), icon("bell")),
    h("header", { class: "phone-head" }, avatar, h("span", { class: "owner" }, name, title), power),
    h("div", { class: "screen" }, messages, empty, dark), chips, form);
  let last = null;
  let key = "";
  let lines = [];

  const latest = () => world.phones.get(responder).messages.findLast(arrives);

  // An e-mail is answered in its thread; a typed SMS or WhatsApp names nothing, as on a real telephone.
  async function answer(text, message = null) {
    const answered = message ?? latest();
    if (!text) return input.focus();
    const transport = answered?.transport ?? "sms";
    const reference = message || transport === "email" ? answered?.reference : undefined;
    element.classList.add("sending");
    const sent = await actions.reply({ responder, transport, text, reference });
    element.classList.remove("sending");
    if (sent && input.value.trim() === text) input.value = "";
  }

  function drawReplies(off) {
    const message = latest();
    const code = message && codeOf(message);
    const texts = code ? [`OK ${code}`, "SIAP", `${word("refuse")} ${code}`] : ["OK", "SIAP", word("refuse")];
    chips.replaceChildren(...(message ? texts : []).map((text) => h("button", { type: "button", disabled: off, onclick: () => answer(text) }, text)));
    const transport = message?.transport ?? "sms";
    how.replaceChildren(icon(transport));
    how.className = `how ${transport}`;
    input.placeholder = word("type")(word("transport")[transport]);
    input.setAttribute("aria-label", `${input.placeholder}: ${name.textContent}`);
    send.setAttribute("aria-label", word("send"));
  }

  return {
    element, messages,
    draw(phone) {
      const now = `${phone.off} ${phone.name} ${word("send")}`;
      if (last === phone.messages && key === now) return;
      const same = key === now;
      setText(name, phone.name);
      setText(title, phone.title);
      setText(avatar, initials(phone.name));
      avatar.dataset.hue = hue(phone.name);
      element.classList.toggle("off", phone.off);
      element.setAttribute("aria-label", `${phone.name}, ${phone.title}`);
      power.setAttribute("aria-checked", String(!phone.off));
      power.setAttribute("aria-label", word(phone.off ? "turnOn" : "turnOff")(phone.name));
      power.title = word(phone.off ? "off" : "on");
      messages.setAttribute("aria-label", phone.name);
      input.disabled = send.disabled = phone.off;
      dark.replaceChildren(icon("power"), h("span", {}, word("phoneOff")));
      setText(empty, word("noMessages"));
      empty.hidden = phone.messages.length > 0;
      // Bubbles that stand already stay: a new message must not take the focus off an older one.
      const kept = same ? new Map(lines) : new Map();
      lines = phone.messages.map((message) => [message, kept.get(message) ?? bubble(message, answer, actions.choose)]);
      const fresh = last !== phone.messages;
      const nodes = lines.map(([, node]) => node);
      for (const node of [...messages.children]) if (!nodes.includes(node)) node.remove();
      for (const node of nodes) if (!node.isConnected || node.parentNode !== messages) messages.append(node);
      last = phone.messages;
      key = now;
      drawReplies(phone.off);
      if (fresh) messages.scrollTop = messages.scrollHeight;
    },
    tick(text) {
      setText(time, text);
      for (const [message, node] of lines) node.classList.toggle("chosen", Boolean(message.complaint) && message.complaint === world.selected);
    },
  };
}

function bubble(message, answer, choose) {
  const inner = [
    h("span", { class: "via" }, icon(message.transport), h("span", {}, word("transport")[message.transport])),
    message.subject ? h("b", { class: "subject" }, message.subject) : null,
    h("span", { class: "text" }, plain(message)),
    h("time", { datetime: message.at }, clockText(Date.parse(message.at))),
  ];
  const body = message.complaint
    ? h("button", { type: "button", class: "bubble", title: word("openComplaint")(message.complaint), onclick: () => choose(message.complaint) }, ...inner)
    : h("div", { class: "bubble" }, ...inner);
  const buttons = (message.buttons ?? []).map((button) => h("button", { type: "button", class: "press", onclick: () => answer(button.payload, message) }, button.title));
  return h("li", { class: `message ${message.transport} ${arrives(message) ? "arrived" : "typed"}` }, body, buttons.length ? h("div", { class: "presses" }, buttons) : null);
}

// WhatsApp writes bold between stars; here the stars would only be noise.
const plain = (message) => (message.transport === "whatsapp" ? message.text.replace(/\*([^*\n]+)\*/g, "$1") : message.text);
