// Keys of the inbox, where a page has one (data-inbox): j and k move between its lines (data-item), a and r open the page
// of the line under the focus with the reason ready to be typed. No key decides anything, and none acts inside an input.
(() => {
  "use strict";

  const STORE = "inbox-keys";
  const isOn = () => {
    try {
      return localStorage.getItem(STORE) !== "off";
    } catch {
      return true;
    }
  };
  const show = () => {
    for (const button of document.querySelectorAll("[data-keys-toggle]")) {
      button.setAttribute("aria-pressed", String(isOn()));
      button.textContent = isOn() ? "Keys are on" : "Keys are off";
    }
  };
  const items = () => [...document.querySelectorAll("[data-inbox] [data-item]")];
  const current = () => document.activeElement?.closest("[data-inbox] [data-item]") ?? null;
  const move = (step) => {
    const all = items();
    if (!all.length) return;
    const at = all.indexOf(current());
    const next = at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + step));
    all[next].querySelector("a[href]")?.focus();
    all[next].scrollIntoView({ block: "nearest" });
  };
  const decide = (wish) => {
    const link = current()?.querySelector("a[data-decide]");
    if (!link) return;
    const url = new URL(link.href);
    url.searchParams.set("decide", wish);
    window.location.assign(url);
  };
  const acts = { j: () => move(1), k: () => move(-1), a: () => decide("approve"), r: () => decide("reject") };

  document.addEventListener("keydown", (event) => {
    if (!isOn() || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest?.("input, select, textarea, [contenteditable], dialog")) return;
    const act = document.querySelector("[data-inbox]") && acts[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("[data-keys-toggle]")) return;
    try {
      localStorage.setItem(STORE, isOn() ? "off" : "on");
    } catch {
      // Storage can be forbidden; the keys then stay on.
    }
    show();
  });
  document.addEventListener("htmx:afterSettle", show);
  show();
})();
