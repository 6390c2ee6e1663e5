// The page of a room: joins what the server drew to the link.

import { Boxes } from "./boxes.js";
import { Completions } from "./completions.js";
import { busy, element } from "./elements.js";
import { Link } from "./link.js";
import { Messages } from "./messages.js";

const find = (id) => document.getElementById(id);
const room = document.body.dataset.room;
const messages = new Messages(find("messages"), find("scroll"), find("empty"));
const boxes = new Boxes({ sidebar: find("box-list"), room: find("room-boxes") }, find("no-boxes"), (component, action, values) =>
  link.ask({ type: "act", component, action, values }),
  (text) => showProblem(text),
);

const events = {
  hello: () => link.tell({ type: "open", room }),
  room: (event) => {
    messages.add(event.messages);
    showMembers(event.members);
  },
  message: (event) => messages.add([event.message]),
  unread: (event) => find("room-list").querySelector(`[data-name="${CSS.escape(event.room)}"]`)?.classList.add("unread"),
  members: (event) => event.room === room && showMembers(event.members),
  rooms: (event) => showRooms(event.rooms),
  boxes: (event) => boxes.show(event.boxes),
  menu: (event) => showMenu(event.items),
  answer: (event) => showAnswer(event),
  error: (event) => showProblem(event.message),
};

let downTimer = 0;
const link = new Link(
  (event) => events[event.type]?.(event),
  (up) => {
    clearTimeout(downTimer);
    const state = find("link-state");
    if (up) state.hidden = true;
    else {
      downTimer = setTimeout(() => {
        state.textContent = "Not connected. Trying again …";
        state.hidden = false;
      }, 300);
    }
  },
);

function showMembers(names) {
  find("members").replaceChildren(...names.map((name) => element("li", {}, name)));
}

function showRooms(names) {
  const unread = new Set([...find("room-list").querySelectorAll(".unread")].map((one) => one.dataset.name));
  const items = names.map((name) => {
    const hash = element("span", { class: "hash", "aria-hidden": "true" }, "#");
    const attributes = { href: `/rooms/${name}`, "data-name": name, "aria-current": name === room ? "page" : null, class: unread.has(name) ? "unread" : null };
    return element("li", {}, element("a", attributes, hash, name));
  });
  find("room-list").replaceChildren(...items);
}

function showMenu(items) {
  find("menu").hidden = items.length === 0;
  find("menu-items").replaceChildren(
    ...items.map((item) => {
      const button = element("button", { type: "button", class: "button" }, item.label, element("span", { class: "hint" }, item.plugin_name));
      button.addEventListener("click", async () => {
        find("menu").open = false;
        try {
          await link.ask({ type: "choose", item: item.id });
        } catch (failure) {
          showProblem(failure.message);
        }
      });
      return element("li", {}, button);
    }),
  );
}

document.addEventListener("click", (event) => {
  if (!find("menu").contains(event.target)) find("menu").open = false;
});

/** An answer that only this member sees; one that asks has two buttons of equal weight. */
function showAnswer({ title, lines, confirm, following, nonce }) {
  const items = lines.map((line) => element("li", { class: line.risk ? `risk-${line.risk}` : line.heading ? "heading" : null }, line.text));
  const answer = element("section", { class: "answer" }, element("p", { class: "only-you" }, "Only you see this"), element("h3", {}, title), element("ul", {}, ...items));
  if (confirm) {
    const no = element("button", { type: "button", class: "button" }, "No");
    const yes = element("button", { type: "button", class: "button" }, "Yes");
    const actions = element("p", { class: "actions" }, no, yes);
    no.addEventListener("click", () => answer.remove());
    yes.addEventListener("click", async () => {
      const free = busy(yes);
      try {
        await link.ask({ type: "send", room, text: confirm });
        actions.remove();
      } catch (failure) {
        showError(failure.message);
      } finally {
        free();
      }
    });
    answer.append(actions);
  } else {
    const close = element("button", { type: "button", class: "button" }, "Close");
    close.addEventListener("click", () => answer.remove());
    const actions = element("p", { class: "actions" }, close);
    if (following) {
      const next = element("button", { type: "button", class: "button" }, "Next page");
      next.addEventListener("click", () => link.ask({ type: "send", room, text: following }).catch((failure) => showProblem(failure.message)));
      actions.prepend(next);
    }
    answer.append(actions);
  }
  // News that nobody asked for must not take away a question that somebody is about to answer.
  if (nonce === undefined) find("answers").prepend(answer);
  else find("answers").replaceChildren(answer);
  // What is asked for stands first: of an answer that is higher than the page, the beginning has to be read.
  answer.scrollIntoView({ block: answer.offsetHeight > find("scroll").clientHeight ? "start" : "end" });
}

const composer = find("composer");
const text = find("text");

/** Something went wrong that is not about what is being written. */
function showProblem(message) {
  const place = find("text-error");
  place.textContent = message;
  place.hidden = !message;
}

function showError(message) {
  showProblem(message);
  text.toggleAttribute("aria-invalid", Boolean(message));
  if (message) text.setAttribute("aria-invalid", "true");
}

function grow() {
  text.rows = Math.min(8, Math.max(1, text.value.split("\n").length));
}

composer.addEventListener("submit", async (event) => {
  event.preventDefault();
  const written = text.value;
  if (!written.trim()) return;
  showError("");
  text.value = "";
  grow();
  const free = busy(find("send"));
  try {
    const shown = find("answers").firstElementChild;
    await link.ask({ type: "send", room, text: written });
    if (find("answers").firstElementChild === shown) messages.toEnd(); // a new answer has come into view by itself
  } catch (failure) {
    showError(failure.message);
    if (!text.value) text.value = written;
    grow();
  } finally {
    free();
  }
});
new Completions(text, find("completion-box"), find("completion-count"), (line, cursor) => link.ask({ type: "complete", room, text: line, cursor }));
text.addEventListener("input", grow);
text.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    composer.requestSubmit();
  }
});

find("earlier").addEventListener("click", async () => {
  const button = find("earlier");
  const free = busy(button);
  try {
    const answer = await fetch(`/rooms/${room}/messages?before=${messages.firstId}`, { headers: { accept: "application/json" } });
    if (!answer.ok) throw new Error("The earlier messages could not be loaded. Try again.");
    const { messages: found } = await answer.json();
    messages.add(found);
    button.hidden = found.length < 50;
  } catch (failure) {
    showError(failure.message);
  } finally {
    free();
  }
});

const shade = find("shade");
const folds = [...document.querySelectorAll("[data-folds]")];

function fold(name) {
  for (const button of folds) {
    const part = find(button.dataset.folds);
    const open = button.dataset.folds === name && !part.classList.contains("open");
    part.classList.toggle("open", open);
    button.setAttribute("aria-expanded", String(open));
    if (open) part.querySelector("a, button, input, summary")?.focus();
  }
  shade.hidden = !folds.some((button) => button.getAttribute("aria-expanded") === "true");
}

for (const button of folds) button.addEventListener("click", () => fold(button.dataset.folds));
shade.addEventListener("click", () => fold(null));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !shade.hidden) fold(null);
});

text.focus({ preventScroll: true });
