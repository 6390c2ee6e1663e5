// The page of plugins: sends its own forms without leaving it, asks for consent in a dialog, and follows changes that
// others make. The server draws every part; this only puts the parts in place.

import { busy, element } from "./elements.js";
import { Link } from "./link.js";

const PARTS = ["notices", "installed", "found", "history"];
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
  const typed = find("q")?.value;
  for (const id of parts) {
    const part = fresh.getElementById(id);
    if (part) find(id).replaceWith(document.adoptNode(part));
  }
  if (typed && find("q") && !find("q").value) find("q").value = typed;
  const question = fresh.querySelector("#consent form");
  if (question) ask(document.adoptNode(question));
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
    if (form.method === "get") {
      put(await load(`${form.getAttribute("action")}?${fields}`), [form.dataset.part]);
    } else {
      const fresh = await load(form.getAttribute("action"), { method: "POST", body: fields });
      if (form.closest("dialog")) find("consent").close();
      const parts = fresh.querySelector("#found [data-offer], #found .empty:not(.waiting)") ? PARTS : PARTS.filter((id) => id !== "found");
      put(fresh, parts);
      find("notices").scrollIntoView({ block: "nearest" });
    }
  } catch (failure) {
    if (form.closest("dialog")) find("consent").close();
    tell(`The chat did not answer: ${failure.message}`);
  } finally {
    free();
  }
});

const later = find("found").dataset.later;
if (later) {
  const waiting = setTimeout(() => {
    const place = find("found").querySelector(".waiting");
    if (place) place.textContent = "Asking the marketplace …";
  }, 300);
  load(later)
    .then((fresh) => put(fresh, ["found"]))
    .catch(() => {})
    .finally(() => clearTimeout(waiting));
}

if (find("consent").open) ask(find("consent").querySelector("form"));

// Plugins also change elsewhere: on the command line, in a room, on another page.
let following = 0;
new Link(
  (event) => {
    if (event.type !== "plugins") return;
    clearTimeout(following);
    following = setTimeout(async () => {
      if (!document.querySelector("[aria-busy]")) put(await load("/plugins"), ["installed", "history"]);
    }, 200);
  },
  () => {},
);
