// The list of messages: what the server drew at first and what arrives over the link look the same.

import { element } from "./elements.js";

const TOGETHER_MS = 5 * 60 * 1000;
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });

function timeElement(moment) {
  const today = moment.toDateString() === new Date().toDateString();
  const text = today ? clock.format(moment) : `${day.format(moment)}, ${clock.format(moment)}`;
  return element("time", { datetime: moment.toISOString(), title: moment.toLocaleString() }, text);
}

function messageElement(message) {
  const by = element("p", { class: "by" }, element("b", {}, message.author), " ");
  if (message.plugin) by.append(element("span", { class: "badge" }, "plugin"), " ");
  by.append(timeElement(new Date(message.sent_at)));
  return element(
    "li",
    {
      class: message.plugin ? "message by-plugin" : "message",
      "data-id": message.id,
      "data-author": message.author,
      "data-plugin": message.plugin ?? "",
      "data-time": message.sent_at,
    },
    by,
    element("p", { class: "text" }, message.text),
  );
}

export class Messages {
  constructor(list, scroll, empty) {
    this.list = list;
    this.scroll = scroll;
    this.empty = empty;
    for (const item of list.children) {
      item.querySelector("time").replaceWith(timeElement(new Date(item.dataset.time)));
    }
    this.toEnd();
  }

  get firstId() {
    return Number(this.list.firstElementChild?.dataset.id ?? 0);
  }

  atEnd() {
    return this.scroll.scrollHeight - this.scroll.scrollTop - this.scroll.clientHeight < 80;
  }

  toEnd() {
    this.scroll.scrollTop = this.scroll.scrollHeight;
  }

  /** Add messages that are not there yet, each at its place; stays at the end if that is where the reader was. */
  add(messages) {
    const follow = this.atEnd();
    const height = this.scroll.scrollHeight;
    let before = false;
    for (const message of messages) {
      if (this.list.querySelector(`[data-id="${Number(message.id)}"]`)) continue;
      const next = [...this.list.children].reverse().find((item) => Number(item.dataset.id) < message.id);
      const node = messageElement(message);
      if (next) next.after(node);
      else {
        before = before || this.list.childElementCount > 0;
        this.list.prepend(node);
      }
    }
    this.group();
    this.empty.hidden = this.list.childElementCount > 0;
    if (follow) this.toEnd();
    else if (before) this.scroll.scrollTop += this.scroll.scrollHeight - height;
  }

  group() {
    let above = null;
    for (const item of this.list.children) {
      const follows =
        above !== null &&
        above.dataset.author === item.dataset.author &&
        above.dataset.plugin === item.dataset.plugin &&
        new Date(item.dataset.time) - new Date(above.dataset.time) < TOGETHER_MS;
      item.classList.toggle("follows", follows);
      above = item;
    }
  }
}
