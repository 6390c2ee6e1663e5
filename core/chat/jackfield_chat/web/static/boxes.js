// The plugins' boxes. A box that fails shows its own error; the others are not touched.

import { draw } from "./components.js";
import { busy, element, identifier } from "./elements.js";
import { showWrong } from "./forms.js";

export class Boxes {
  /**
   * @param {Object<string, Element>} places where the boxes of each position go
   * @param empty what says that there are none
   * @param {(component: string, action: string, values: object) => Promise<void>} act
   * @param {(text: string) => void} tell says what went wrong in a box that is not there any more
   */
  constructor(places, empty, act, tell) {
    this.places = places;
    this.empty = empty;
    this.act = act;
    this.tell = tell;
    this.drawn = new Map();
    this.pressed = false;
    this.later = null;
    this.spoken = null; // the box in which something was said last
    // A box that is drawn anew between press and release would swallow the click.
    for (const place of Object.values(places)) place.addEventListener("pointerdown", () => (this.pressed = true));
    for (const end of ["pointerup", "pointercancel"]) {
      window.addEventListener(end, () => setTimeout(() => this.release()));
    }
  }

  release() {
    this.pressed = false;
    const boxes = this.later;
    this.later = null;
    if (boxes) this.show(boxes);
  }

  show(boxes) {
    if (this.pressed) {
      this.later = boxes;
      return;
    }
    this.empty.hidden = boxes.some((box) => box.position === "sidebar");
    const wanted = new Set(boxes.map((box) => box.id));
    for (const [id, { node }] of this.drawn) {
      if (!wanted.has(id)) {
        const problem = node.querySelector(":scope > .problem");
        // What was said in others of its boxes earlier would take the place of why they all went.
        if (problem?.textContent && id === this.spoken) this.tell(problem.textContent);
        node.remove();
        this.drawn.delete(id);
      }
    }
    for (const box of boxes) this.put(box);
    for (const place of Object.values(this.places)) place.hidden = place.childElementCount === 0;
  }

  put(box) {
    const text = JSON.stringify(box);
    const before = this.drawn.get(box.id);
    if (before?.text === text) return;
    const node = this.boxElement(box);
    if (before) {
      this.keep(before.node, node);
      before.node.replaceWith(node);
    } else (this.places[box.position] ?? this.places.sidebar).append(node);
    this.drawn.set(box.id, { node, text });
  }

  /** Carry over what somebody is typing into a box that is drawn anew, and what was said about it. */
  keep(old, fresh) {
    for (const input of old.querySelectorAll("form [name]")) {
      const same = fresh.querySelector(`#${CSS.escape(input.id)}`);
      if (!same) continue;
      if (input.type === "checkbox") {
        if (input.checked !== input.defaultChecked) same.checked = input.checked;
      } else if (input.localName === "select") {
        const before = [...input.options].find((option) => option.defaultSelected);
        const offered = [...same.options].some((option) => option.value === input.value);
        if (input.value !== before?.value && offered) same.value = input.value;
      } else if (input.value !== input.defaultValue) same.value = input.value;
      if (input === document.activeElement) requestAnimationFrame(() => same.focus());
    }
    for (const form of old.querySelectorAll("form")) {
      const same = [...fresh.querySelectorAll("form")].find((one) => one.dataset.action === form.dataset.action);
      const wrong = [...form.querySelectorAll("[aria-invalid]")].map((input) => [input.name, form.querySelector(`#${CSS.escape(`${input.id}-wrong`)}`).textContent]);
      if (same) showWrong(same, Object.fromEntries(wrong));
    }
    const open = [...old.querySelectorAll("details")].map((one) => one.open);
    fresh.querySelectorAll("details").forEach((one, index) => (one.open = open[index] ?? false));
    const [said, problem] = [old, fresh].map((box) => box.querySelector(":scope > .problem"));
    if (said && problem) {
      problem.textContent = said.textContent;
      problem.hidden = said.hidden;
    }
  }

  boxElement(box) {
    const header = element("header", {}, element("h3", {}, box.title));
    if (box.title !== box.plugin_name) header.append(element("span", { class: "from" }, `by ${box.plugin_name}`));
    const node = element("section", { class: box.error ? "box failed" : "box", "data-box": box.id }, header);
    if (box.error) {
      node.append(element("p", { class: "error" }, box.error));
      if (document.body.dataset.owner === "yes") {
        node.append(element("p", { class: "error" }, element("a", { href: `/plugins#plugin-${box.plugin}` }, "What happened to this plugin")));
      }
      return node;
    }
    const problem = element("p", { class: "error problem", role: "alert", hidden: true });
    const say = (text) => {
      // The box may have been drawn anew since: what is said stands in the one that is there. With a worker that was
      // stopped its box went too, and who pressed the button is told beside what they write.
      const place = this.drawn.get(box.id)?.node.querySelector(":scope > .problem");
      if (text) this.spoken = box.id;
      if (place) {
        place.textContent = text;
        place.hidden = !text;
      } else if (text) this.tell(text);
    };
    const formOf = (action) => [...(this.drawn.get(box.id)?.node.querySelectorAll("form") ?? [])].find((one) => one.dataset.action === action);
    const act = async (action, values, button) => {
      const free = busy(button);
      say("");
      try {
        await this.act(box.id, action, values);
        formOf(action)?.reset();
      } catch (failure) {
        const fields = failure.fields ?? {};
        const form = formOf(action);
        const homeless = form ? showWrong(form, fields, true) : Object.keys(fields);
        if (Object.keys(fields).length === 0 || homeless.length > 0) say(failure.message);
      } finally {
        free();
      }
    };
    let content;
    try {
      content = draw(box.component, act, identifier(box.id));
    } catch (failure) {
      content = element("p", { class: "error" }, `This box could not be drawn: ${failure.message}`);
    }
    node.append(element("div", { class: "content" }, content), problem);
    return node;
  }
}
