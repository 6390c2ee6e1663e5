// A small part of CommonMark for plugins' texts: headings, lists, code, emphasis, links. It makes nodes, never markup,
// so raw HTML in it stays text; links lead to http, https and mailto only.

import { element } from "./elements.js";

// The bounds keep a text of nothing but brackets from being read to its end at each of them. Emphasis may hold the other
// kind, begins and ends at a word, and an underscore within a word is none.
const INLINE = new RegExp(
  [
    "`([^`]+)`",
    String.raw`\*\*(?!\s)((?:[^*]|\*[^*]+\*){1,2000})(?<!\s)\*\*`,
    String.raw`(?<!\w)__(?!\s)((?:[^_]|_[^_]+_){1,2000})(?<!\s)__(?!\w)`,
    String.raw`\*(?!\s)((?:[^*]|\*\*[^*]+\*\*){1,2000})(?<!\s)\*`,
    String.raw`(?<!\w)_(?!\s)((?:[^_]|__[^_]+__){1,2000})(?<!\s)_(?!\w)`,
    String.raw`\[([^\]]{1,500})\]\(([^)\s]{1,2000})\)`,
  ].join("|"),
  "u",
);

function inline(text) {
  const nodes = [];
  let rest = text;
  let match;
  while ((match = INLINE.exec(rest)) !== null) {
    if (match.index > 0) nodes.push(rest.slice(0, match.index));
    const [whole, code, strong, strong2, soft, soft2, label, address] = match;
    if (code !== undefined) nodes.push(element("code", {}, code));
    else if (strong ?? strong2) nodes.push(element("strong", {}, ...inline(strong ?? strong2)));
    else if (soft ?? soft2) nodes.push(element("em", {}, ...inline(soft ?? soft2)));
    else if (/^(https?:|mailto:)/i.test(address)) {
      nodes.push(element("a", { href: address, rel: "noopener noreferrer", target: "_blank" }, label));
    } else nodes.push(whole);
    rest = rest.slice(match.index + whole.length);
  }
  if (rest) nodes.push(rest);
  return nodes;
}

export function markdown(text) {
  const root = element("div", { class: "items" });
  let list = null;
  let paragraph = [];
  const flush = () => {
    if (paragraph.length) root.append(element("p", {}, ...inline(paragraph.join(" "))));
    paragraph = [];
  };
  const lines = text.split(/\r?\n/);
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index];
    const heading = /^(#{1,6})\s+(.*)$/.exec(line);
    const item = /^\s*(?:[-*+]|(\d+)[.)])\s+(.*)$/.exec(line);
    if (/^```/.test(line)) {
      flush();
      list = null;
      const code = [];
      while ((index += 1) < lines.length && !/^```/.test(lines[index])) code.push(lines[index]);
      root.append(element("pre", {}, element("code", {}, code.join("\n"))));
    } else if (heading) {
      flush();
      list = null;
      root.append(element(heading[1].length < 3 ? "h4" : "h5", {}, ...inline(heading[2])));
    } else if (item) {
      flush();
      const kind = item[1] ? "ol" : "ul";
      if (list?.localName !== kind) root.append((list = element(kind, { class: "plain" })));
      list.append(element("li", {}, ...inline(item[2])));
    } else if (line.trim() === "") {
      flush();
      list = null;
    } else {
      list = null;
      paragraph.push(line.trim());
    }
  }
  flush();
  return root;
}
