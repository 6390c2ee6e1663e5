// What can stand at the cursor of a command, offered above the field: chosen with arrow keys and Tab, or by a tap.

import { element } from "./elements.js";

const PREFIX = "!";
const PAUSE_MS = 80;
const points = (text) => [...text].length; // the server counts code points, the page's strings UTF-16 units
const units = (text, count) => [...text].slice(0, count).join("").length;

export class Completions {
  /**
   * @param {HTMLTextAreaElement} field where commands are written
   * @param {HTMLElement} box holds an empty listbox, and a line for the usage
   * @param {HTMLElement} count says to screen readers how many there are
   * @param {(text: string, cursor: number) => Promise<{items: object[], usages: string[]}>} ask
   */
  constructor(field, box, count, ask) {
    const list = box.querySelector("[role=listbox]");
    this.field = field;
    this.box = box;
    this.list = list;
    this.usage = box.querySelector("p");
    this.count = count;
    this.ask = ask;
    this.items = [];
    this.active = -1;
    this.timer = 0;
    this.round = 0;
    field.setAttribute("aria-autocomplete", "list");
    field.setAttribute("aria-controls", list.id);
    field.addEventListener("input", () => this.later());
    field.addEventListener("click", () => this.later());
    field.addEventListener("keydown", (event) => this.key(event));
    field.addEventListener("keyup", (event) => {
      if (["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) this.later();
    });
    field.addEventListener("blur", () => this.close());
    field.form.addEventListener("submit", () => this.close());
    box.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
    list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.take([...list.children].indexOf(option));
    });
  }

  later() {
    clearTimeout(this.timer);
    if (this.field.value.startsWith(PREFIX)) this.timer = setTimeout(() => this.look(), PAUSE_MS);
    else this.close();
  }

  async look() {
    const round = (this.round += 1);
    const { value, selectionStart, selectionEnd } = this.field;
    if (selectionStart !== selectionEnd || !value.startsWith(PREFIX)) return this.close();
    let items = [];
    let usages = [];
    try {
      ({ items, usages } = await this.ask(value, points(value.slice(0, selectionStart))));
    } catch {
      // the link is down: nothing is offered, and the line itself will say so when it is sent
    }
    if (round !== this.round) return; // something newer was written meanwhile
    const written = value.slice(0, selectionStart);
    this.show(items.filter((item) => item.text !== written.slice(units(value, item.start))), usages);
  }

  show(items, usages) {
    this.items = items;
    this.usage.textContent = usages.join("\n");
    const options = items.map((item, index) =>
      element("li", { role: "option", id: `completion-${index}`, "aria-selected": "false" }, element("b", {}, item.text), element("span", { class: "hint" }, item.help)),
    );
    this.list.replaceChildren(...options);
    this.box.hidden = items.length === 0 && usages.length === 0;
    this.count.textContent = items.length === 0 ? "" : items.length === 1 ? "1 suggestion" : `${items.length} suggestions`;
    this.choose(-1);
  }

  choose(index) {
    this.active = index;
    for (const [place, option] of [...this.list.children].entries()) option.setAttribute("aria-selected", String(place === index));
    if (index < 0) this.field.removeAttribute("aria-activedescendant");
    else {
      this.field.setAttribute("aria-activedescendant", `completion-${index}`);
      this.list.children[index].scrollIntoView({ block: "nearest" });
    }
  }

  key(event) {
    const { length } = this.items;
    if (this.box.hidden || event.isComposing) return;
    if (event.key === "Escape") this.close();
    else if (length === 0) return; // only the usage is shown: the keys are the field's
    else if (event.key === "ArrowDown") this.choose(this.active + 1 < length ? this.active + 1 : 0);
    else if (event.key === "ArrowUp") this.choose(this.active > 0 ? this.active - 1 : length - 1);
    else if (event.key === "Tab" && !event.shiftKey) this.take(Math.max(this.active, 0));
    else if (event.key === "Enter" && this.active >= 0) this.take(this.active);
    else return;
    event.preventDefault();
    event.stopImmediatePropagation(); // Enter takes what is chosen and does not send the line
  }

  take(index) {
    const { text, start, end } = this.items[index];
    const { value } = this.field;
    const before = value.slice(0, units(value, start)) + text;
    const after = value.slice(units(value, end));
    const space = after.startsWith(" ") ? "" : " ";
    this.field.value = before + space + after;
    this.field.focus();
    this.field.setSelectionRange(before.length + 1, before.length + 1);
    this.close();
    this.field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  close() {
    clearTimeout(this.timer);
    this.round += 1;
    this.show([], []);
  }
}
