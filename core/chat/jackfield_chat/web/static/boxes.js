// The plugins' boxes: data from the server to HTML. A box that fails shows its own error; the others are not touched.

import { busy, element, shape } from "./elements.js";
import { markdown } from "./markdown.js";

const WIDTH = 256;

/** Draw one component; `act(action, values, button)` is called when something in it is used. */
export function draw(component, act, key = "0") {
  const maker = MAKERS[component.kind];
  if (!maker) return element("p", { class: "error" }, `This page cannot show a ${component.kind}.`);
  return maker(component, act, key);
}

const MAKERS = {
  text: ({ text }) => element("p", {}, text),
  markdown: ({ text }) => markdown(text),
  list: ({ items, ordered }, act, key) => {
    if (!ordered) return element("div", { class: "items" }, ...items.map((item, index) => draw(item, act, `${key}.${index}`)));
    return element("ol", { class: "items" }, ...items.map((item, index) => element("li", {}, draw(item, act, `${key}.${index}`))));
  },
  table: ({ columns, rows }) => table(columns, rows),
  button: ({ label, action, values, style }, act) => {
    const button = element("button", { type: "button", class: `button ${style}` }, label);
    button.addEventListener("click", () => act(action, values, button));
    return button;
  },
  form: (form, act, key) => formElement(form, act, key),
  chart: (chart) => chartElement(chart),
  progress: ({ value, total, label }) => {
    const bar = element("progress", { value, max: total || 1, "aria-label": label || "Progress" });
    return element("div", {}, ...(label ? [element("p", {}, label)] : []), bar);
  },
  image: ({ source, alternative }) => element("img", { src: source, alt: alternative }),
};

function cell(value) {
  if (value === null) return "–";
  if (value === true) return "yes";
  if (value === false) return "no";
  return typeof value === "number" ? value.toLocaleString() : String(value);
}

function table(columns, rows) {
  const numeric = columns.map((_, index) => rows.length > 0 && rows.every((row) => typeof row[index] === "number"));
  const kind = (index) => ({ class: numeric[index] ? "number" : null });
  const head = element("tr", {}, ...columns.map((title, index) => element("th", { scope: "col", ...kind(index) }, title)));
  const body = rows.map((row) => element("tr", {}, ...row.map((value, index) => element("td", kind(index), cell(value)))));
  return element("table", {}, element("thead", {}, head), element("tbody", {}, ...body));
}

function formElement({ fields, action, submit }, act, key) {
  const form = element("form", { "data-key": key });
  for (const field of fields) form.append(fieldElement(field, `${key}-${field.name}`));
  const button = element("button", { class: "button primary" }, submit);
  form.append(button);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const values = {};
    for (const field of fields) {
      const input = form.elements.namedItem(field.name);
      if (field.type === "boolean") values[field.name] = input.checked;
      else if (field.type === "integer" || field.type === "float") values[field.name] = input.value === "" ? null : Number(input.value);
      else values[field.name] = input.value;
    }
    act(action, values, button, () => form.reset());
  });
  return form;
}

function fieldElement(field, id) {
  const shared = { id, name: field.name, required: field.required && field.type !== "boolean" };
  if (field.type === "boolean") {
    return element("label", { class: "check" }, element("input", { type: "checkbox", ...shared, checked: field.value === true }), field.label);
  }
  const label = element("label", { for: id }, field.label);
  let input;
  if (field.type === "multiline") input = element("textarea", { rows: 3, ...shared }, field.value ?? "");
  else if (field.type === "choice") {
    input = element("select", shared, ...field.choices.map((one) => element("option", { selected: one === field.value }, one)));
  } else {
    const number = field.type === "integer" || field.type === "float";
    input = element("input", { type: number ? "number" : "text", step: field.type === "float" ? "any" : null, value: field.value, ...shared });
  }
  return element("div", { class: "field" }, label, input);
}

/** A chart with the table of its numbers behind it, for those who read instead. */
function chartElement({ labels, values, shape: form, unit }) {
  const most = Math.max(...values, 0) || 1;
  const shapes = form === "line" ? lineShapes(values, most) : barShapes(labels, values, most, unit);
  const height = form === "line" ? 96 : labels.length * 40;
  const summary = labels.map((label, index) => `${label}: ${values[index]}${unit ? ` ${unit}` : ""}`).join(", ");
  const picture = shape("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${height}`, role: "img", "aria-label": summary }, ...shapes);
  const numbers = table(["", unit || "Value"], labels.map((label, index) => [label, values[index]]));
  return element("figure", {}, picture, element("details", {}, element("summary", {}, "Show as a table"), numbers));
}

function barShapes(labels, values, most, unit) {
  return labels.flatMap((label, index) => {
    const top = index * 40;
    return [
      shape("text", { x: 0, y: top + 14 }, label),
      shape("text", { x: WIDTH, y: top + 14, "text-anchor": "end" }, unit ? `${values[index]} ${unit}` : values[index]),
      shape("rect", { class: "track", x: 0, y: top + 20, width: WIDTH, height: 8, rx: 4 }),
      shape("rect", { class: "bar-shape", x: 0, y: top + 20, width: Math.max(0, (WIDTH * values[index]) / most), height: 8, rx: 4 }),
    ];
  });
}

function lineShapes(values, most) {
  const step = values.length > 1 ? WIDTH / (values.length - 1) : WIDTH;
  const points = values.map((value, index) => `${(index * step).toFixed(1)},${(90 - (84 * Math.max(0, value)) / most).toFixed(1)}`);
  return [shape("polyline", { class: "line-shape", points: points.join(" ") })];
}

export class Boxes {
  /**
   * @param list where the boxes go
   * @param empty what says that there are none
   * @param {(component: string, action: string, values: object) => Promise<void>} act
   */
  constructor(list, empty, act) {
    this.list = list;
    this.empty = empty;
    this.act = act;
    this.drawn = new Map();
    this.pressed = false;
    this.later = null;
    // A box that is drawn anew between press and release would swallow the click.
    list.addEventListener("pointerdown", () => (this.pressed = true));
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
    this.empty.hidden = boxes.length > 0;
    const wanted = new Set(boxes.map((box) => box.id));
    for (const [id, { node }] of this.drawn) {
      if (!wanted.has(id)) {
        node.remove();
        this.drawn.delete(id);
      }
    }
    for (const box of boxes) this.put(box);
  }

  put(box) {
    const text = JSON.stringify(box);
    const before = this.drawn.get(box.id);
    if (before?.text === text) return;
    const node = this.boxElement(box);
    if (before) {
      this.keep(before.node, node);
      before.node.replaceWith(node);
    } else this.list.append(node);
    this.drawn.set(box.id, { node, text });
  }

  /** Carry over what somebody is typing into a box that is drawn anew. */
  keep(old, fresh) {
    for (const input of old.querySelectorAll("form [name]")) {
      const same = fresh.querySelector(`#${CSS.escape(input.id)}`);
      if (!same) continue;
      const changed = input.type === "checkbox" ? input.checked !== input.defaultChecked : input.localName !== "select" && input.value !== input.defaultValue;
      if (!changed) continue;
      if (input.type === "checkbox") same.checked = input.checked;
      else same.value = input.value;
      if (input === document.activeElement) requestAnimationFrame(() => same.focus());
    }
    const open = [...old.querySelectorAll("details")].map((one) => one.open);
    fresh.querySelectorAll("details").forEach((one, index) => (one.open = open[index] ?? false));
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
    const problem = element("p", { class: "error", role: "alert", hidden: true });
    const act = async (action, values, button, done = () => {}) => {
      const free = busy(button);
      problem.hidden = true;
      try {
        await this.act(box.id, action, values);
        done();
      } catch (failure) {
        problem.textContent = failure.message;
        problem.hidden = false;
      } finally {
        free();
      }
    };
    let content;
    try {
      content = draw(box.component, act, box.id.replace(/[^a-z0-9]/gi, "-"));
    } catch (failure) {
      content = element("p", { class: "error" }, `This box could not be drawn: ${failure.message}`);
    }
    node.append(element("div", { class: "content" }, content), problem);
    return node;
  }
}
