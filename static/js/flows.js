// Flows of journeys: r shows and hides the raw JSON of a comparison (data-raw-json), and a step of a picture leads to its line in the
// list, which may be folded. The key keeps still inside inputs, and where keys are switched off (inbox.js has the switch).
(() => {
  "use strict";

  const areKeysOn = () => {
    try {
      return localStorage.getItem("inbox-keys") !== "off";
    } catch {
      return true;
    }
  };

  document.addEventListener("keydown", (event) => {
    if (event.key !== "r" || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (!areKeysOn() || event.target.closest?.("input, select, textarea, [contenteditable], dialog")) return;
    const raw = document.querySelector("details[data-raw-json]");
    if (!raw || document.querySelector("[data-inbox]")) return;
    event.preventDefault();
    raw.open = !raw.open;
    raw.querySelector("summary").focus({ preventScroll: true });
    raw.scrollIntoView({ block: "nearest" });
  });

  // A picture that is higher than its region opens at its start.
  const showStarts = () => {
    for (const flow of document.querySelectorAll(".flow:not([data-is-shown])")) {
      flow.dataset.isShown = "";
      const start = flow.querySelector("[data-start-y]");
      if (start) flow.scrollTop = Number(start.dataset.startY) - flow.clientHeight / 2;
    }
  };
  document.addEventListener("htmx:afterSettle", showStarts);
  showStarts();

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.('.flow-part a[href^="#"]');
    const line = link && document.getElementById(link.getAttribute("href").slice(1));
    if (!line) return;
    const fold = line.closest("details");
    if (fold) fold.open = true;
    // After the jump: the next Tab goes on from the line.
    setTimeout(() => line.focus({ preventScroll: true }));
  });
})();
