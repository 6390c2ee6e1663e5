// Forms in plugins' boxes: what was typed goes as it is, the server says at which field something is wrong.

import { element, identifier } from "./elements.js";

export function formElement({ fields, action, submit }, act, key) {
  // No checks of the browser's own: its bubbles speak another language than the server and hide what else is wrong.
  const form = element("form", { "data-action": action, novalidate: true });
  for (const field of fields) form.append(fieldElement(field, `${key}-${identifier(field.name)}`));
  const button = element("button", { class: "button primary" }, submit);
  form.append(button);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    showWrong(form, {});
    act(action, valuesOf(form, fields), button);
  });
  return form;
}

function inputOf(form, name) {
  return [...form.querySelectorAll("[name]")].find((input) => input.name === name);
}

function valuesOf(form, fields) {
  const values = {};
  for (const { name, type } of fields) {
    const input = inputOf(form, name);
    values[name] = type === "boolean" ? input.checked : input.value;
  }
  return values;
}

/** Say at each field what is wrong with it, and go to the first; what was typed stays. Returns what found no field. */
export function showWrong(form, wrong, focus = false) {
  let first = null;
  for (const input of form.querySelectorAll("[name]")) {
    const place = form.querySelector(`#${CSS.escape(`${input.id}-wrong`)}`);
    const why = wrong[input.name] ?? "";
    place.textContent = why;
    place.hidden = !why;
    if (why) {
      input.setAttribute("aria-invalid", "true");
      first ??= input;
    } else input.removeAttribute("aria-invalid");
  }
  if (focus) first?.focus();
  return Object.keys(wrong).filter((name) => !inputOf(form, name));
}

function fieldElement(field, id) {
  const wrong = element("p", { class: "error", id: `${id}-wrong`, hidden: true });
  const shared = { id, name: field.name, "aria-required": field.required ? "true" : null, "aria-describedby": wrong.id };
  if (field.type === "boolean") {
    const box = element("input", { type: "checkbox", ...shared, checked: field.value === true });
    return element("div", { class: "field" }, element("label", { class: "check" }, box, field.label), wrong);
  }
  const label = element("label", { for: id }, field.label);
  if (!field.required) label.append(element("span", { class: "hint" }, " optional"));
  return element("div", { class: "field" }, label, inputElement(field, shared), wrong);
}

function inputElement({ type, value, choices, required }, shared) {
  if (type === "multiline") return element("textarea", { rows: 3, ...shared }, value ?? "");
  if (type === "choice") {
    const options = choices.map((one) => element("option", { value: one, selected: one === value }, one));
    if (!required || !choices.includes(value)) options.unshift(element("option", { value: "", selected: !choices.includes(value) }, "–"));
    return element("select", shared, ...options);
  }
  // Not type=number: it hides what was typed wrongly from the page, so that nobody could say what is wrong with it.
  const mode = { integer: "numeric", float: "decimal" }[type] ?? null;
  return element("input", { type: "text", inputmode: mode, autocomplete: "off", value, ...shared });
}
