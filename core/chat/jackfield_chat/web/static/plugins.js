// The page of plugins: sends its own forms without leaving it, asks for consent in a dialog, and follows changes that
// others make. The server draws every part; this only puts the parts in place.

import { busy, element } from "./elements.js";
import { Link } from "./link.js";

const find = (id) => document.getElementById(id);

async function load(address, options = {}) {
  const answer = await fetch(address, options);
  if (answer.redirected && new URL(answer.url).pathname === "/sign-in") {
    location.assign(answer.url);
    throw new Error("You were signed out.");
  }
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

function put(fresh, parts) {
  for (const id of parts) {
    const part = fresh.getElementById(id);
    if (!part) continue;
    const open = [...find(id).querySelectorAll("details[open][id]")].map((one) => one.id);
    find(id).replaceWith(document.adoptNode(part));
    for (const one of open) find(one)?.setAttribute("open", ""); // what somebody opened stays open
  }
  const question = fresh.querySelector("#consent form");
  if (question) ask(document.adoptNode(question));
}

let query = find("q").value;

/** Ask the marketplace again for what was searched last; what is being typed meanwhile stays. */
async function search() {
  const fresh = await load(`/plugins?${new URLSearchParams({ q: query })}`);
  const { value, selectionStart } = find("q");
  const typing = document.activeElement === find("q");
  put(fresh, ["found"]);
  find("q").value = value;
  if (typing) {
    find("q").focus();
    find("q").setSelectionRange(selectionStart, selectionStart);
  }
}

function ask(question) {
  const dialog = find("consent");
  dialog.close();
  dialog.replaceChildren(question);
  dialog.showModal();
}

function tell(message) {
  find("notices").replaceChildren(element("p", { class: "told failed", role: "alert" }, message));
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  event.preventDefault();
  const fields = new URLSearchParams(new FormData(form, event.submitter));
  const free = busy(event.submitter ?? form.querySelector("button"));
  try {
    if (form.dataset.part === "found") {
      query = find("q").value;
      await search();
    } else if (form.method === "get") {
      put(await load(`${form.getAttribute("action")}?${fields}`), [form.dataset.part]);
    } else {
      fields.delete("q");
      const fresh = await load(form.getAttribute("action"), { method: "POST", body: fields });
      if (form.closest("dialog")) find("consent").close();
      put(fresh, ["notices", "installed", "history"]);
      find("notices").firstElementChild?.scrollIntoView({ block: "nearest" });
      search().catch(() => {}); // what was done is done and shown; the list below says what is installed when it can
    }
  } catch (failure) {
    if (form.closest("dialog")) find("consent").close();
    tell(`The chat did not answer: ${failure.message}`);
  } finally {
    free();
  }
});

if (find("found").dataset.later) {
  const waiting = setTimeout(() => {
    const place = find("found").querySelector(".waiting");
    if (place) place.textContent = "Asking the marketplace …";
  }, 300);
  search()
    .catch((failure) => tell(`The chat did not answer: ${failure.message}`))
    .finally(() => clearTimeout(waiting));
}

if (find("consent").open) ask(find("consent").querySelector("form"));

// Plugins change here and elsewhere: on the command line, in a room, on another page.
let following = 0;

/** Whether somebody is in the middle of something: what they are about to press must not move, nor lose its value. */
const occupied = () => document.querySelector("[aria-busy], dialog[open], .ways :focus, .ways[data-changed]") !== null;

document.addEventListener("change", (event) => event.target.closest(".ways")?.setAttribute("data-changed", ""));

async function follow() {
  const fresh = occupied() ? null : await load("/plugins");
  if (fresh === null || occupied()) {
    following = setTimeout(follow, 500);
    return;
  }
  put(fresh, ["installed", "history"]);
  await search();
}

new Link(
  (event) => {
    if (event.type !== "plugins") return;
    clearTimeout(following);
    following = setTimeout(follow, 200);
  },
  () => {},
);
