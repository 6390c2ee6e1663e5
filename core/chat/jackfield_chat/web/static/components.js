// Plugins' components: data from the server to HTML. The server has bounded all of it; every text becomes a text node.

import { element } from "./elements.js";
import { formElement } from "./forms.js";
import { markdown } from "./markdown.js";

/** Draw one component; `act(action, values, button)` is called when something in it is used. */
export function draw(component, act, key = "0") {
  const maker = MAKERS[component.kind];
  if (!maker) return element("p", { class: "error" }, `This page cannot show a ${component.kind}.`);
  return maker(component, act, key);
}

const MAKERS = {
  text: ({ text }) => element("p", { class: "plain-text" }, text),
  markdown: ({ text }) => markdown(text),
  list: ({ items, ordered }, act, key) => {
    const drawn = items.map((item, index) => draw(item, act, `${key}.${index}`));
    if (!ordered) return element("div", { class: "items" }, ...drawn);
    return element("ol", { class: "items" }, ...drawn.map((one) => element("li", {}, one)));
  },
  table: (table) => tableElement(table),
  button: ({ label, action, values, style }, act) => {
    const button = element("button", { type: "button", class: `button ${style}` }, label);
    button.addEventListener("click", () => act(action, values, button));
    return button;
  },
  form: (form, act, key) => formElement(form, act, key),
  chart: (chart) => chartElement(chart),
  progress: ({ value, total, share, label }) => {
    const told = `${number(value)} of ${number(total)}`;
    const name = label ? `${label}: ${told}` : told;
    const bar = element("progress", { value: share, max: 1, "aria-label": name });
    const percent = `${Math.floor(share * 100)} %`;
    return element("div", {}, element("p", { class: "progress-label" }, element("span", {}, label || told), element("span", {}, percent)), bar);
  },
  image: ({ source, alternative }) => {
    const picture = element("img", { src: source, alt: alternative });
    // Bytes that begin like a picture and are none: what it would have shown is worth more than a broken sign.
    picture.addEventListener("error", () => picture.replaceWith(element("p", { class: "broken-image" }, `A picture that cannot be shown: ${alternative}`)));
    return picture;
  },
};

function number(value) {
  return Math.abs(value) >= 1e15 ? value.toExponential() : value.toLocaleString();
}

function cell(value) {
  if (value === null) return "–";
  if (value === true) return "yes";
  if (value === false) return "no";
  return typeof value === "number" ? number(value) : String(value);
}

function tableElement({ columns, rows, left_out: leftOut }) {
  const counts = (row, index) => typeof row[index] === "number";
  const numeric = columns.map((_, index) => rows.some((row) => counts(row, index)) && rows.every((row) => row[index] === null || counts(row, index)));
  const kind = (index) => ({ class: numeric[index] ? "number" : null });
  const head = element("tr", {}, ...columns.map((title, index) => element("th", { scope: "col", ...kind(index) }, title)));
  const body = rows.map((row) => element("tr", {}, ...row.map((value, index) => element("td", kind(index), cell(value)))));
  const table = element("table", {}, element("thead", {}, head), element("tbody", {}, ...body));
  const frame = element("div", { class: "table-frame", tabindex: 0, role: "region", "aria-label": `Table: ${columns.join(", ")}`.slice(0, 200) }, table);
  if (rows.length === 0) frame.append(element("p", { class: "hint" }, "No rows."));
  const left = [];
  if (leftOut?.rows) left.push(`${number(leftOut.rows)} more rows`);
  if (leftOut?.columns) left.push(`${number(leftOut.columns)} more columns`);
  if (left.length === 0) return frame;
  return element("div", { class: "items" }, frame, element("p", { class: "hint" }, `Not shown: ${left.join(" and ")}.`));
}

/** A chart with the table of its numbers behind it, for those who read instead. */
function chartElement({ labels, values, unit, svg }) {
  if (values.length === 0) return element("p", { class: "hint" }, "No values yet.");
  // The server drew it and escaped what plugins wrote; read as XML, it can hold no script that a page would run.
  const read = new DOMParser().parseFromString(svg, "image/svg+xml").documentElement;
  const picture = document.importNode(read, true);
  const numbers = tableElement({ columns: ["Label", unit || "Value"], rows: labels.map((label, index) => [label, values[index]]) });
  return element("figure", {}, picture, element("details", {}, element("summary", {}, "Show as a table"), numbers));
}
