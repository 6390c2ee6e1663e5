// The one way that nodes are made: every text is a text node, so nothing that a member or a plugin writes becomes markup.

/**
 * @param {string} name element name
 * @param {Object} attributes `class`, `data-…` and so on; null and false leave one out, true sets it empty
 * @param {...(Node|string|number)} children
 */
export function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  set(node, attributes);
  node.append(...children.map((child) => (child instanceof Node ? child : String(child))));
  return node;
}

function set(node, attributes) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) node.setAttribute(key, value === true ? "" : value);
  }
}

/** Text as a part of an `id`: another one for every text, and without the spaces that part the ids of aria-describedby. */
export function identifier(text) {
  return text.replace(/[^a-z0-9]/gi, (one) => `_${one.charCodeAt(0).toString(16)}_`);
}

/** Show on a button, after 300 ms, that its work is going on; returns what ends it. */
export function busy(button) {
  const timer = setTimeout(() => button.setAttribute("aria-busy", "true"), 300);
  return () => {
    clearTimeout(timer);
    button.removeAttribute("aria-busy");
  };
}
