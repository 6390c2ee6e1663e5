// A button that was pressed says after 300 ms that it is at work.
for (const form of document.forms) {
  form.addEventListener("submit", () => {
    const button = form.querySelector("button");
    setTimeout(() => button.setAttribute("aria-busy", "true"), 300);
  });
}
