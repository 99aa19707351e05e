// What the browser adds to pages that already work without it. Everything hangs on data attributes:
//   data-copy="text"           copies the text                    data-dialog            opens the link's question as a dialog
//   data-dialog-close          closes the dialog it stands in     data-select-all="name" ticks every checkbox of that name
//   data-selected-count="name" shows how many are ticked          name="theme"           radios of the theme switch
//   data-print                 prints the page                    data-filters="id"      shows only what of that element holds its text
//   data-fill                  a value of a plan that is typed: what is sent goes to the row, and the focus to the next that is not filled
(() => {
  "use strict";

  const root = document.documentElement;
  const say = (text, { tone = "bad", key = "" } = {}) => {
    const place = document.getElementById("live-messages");
    if (!place) return;
    const known = key && place.querySelector(`[data-key="${key}"]`);
    if (known) return;
    const toast = document.createElement("div");
    toast.className = `toast tone-${tone}`;
    if (key) toast.dataset.key = key;
    const words = document.createElement("p");
    words.textContent = text;
    const close = document.createElement("button");
    close.type = "button";
    close.className = "button button-quiet button-small";
    close.textContent = "Close";
    close.addEventListener("click", () => toast.remove());
    toast.append(words, close);
    place.append(toast);
  };
  // For screen readers only: what the eye sees at once.
  const announce = (text) => {
    const place = document.getElementById("live-messages");
    if (!place) return;
    const words = document.createElement("p");
    words.className = "visually-hidden";
    words.textContent = text;
    place.append(words);
    setTimeout(() => words.remove(), 3000);
  };
  const unsay = (key) => document.querySelector(`#live-messages [data-key="${key}"]`)?.remove();

  // Theme

  const themes = () => document.querySelectorAll('input[name="theme"]');
  const showTheme = () => {
    for (const radio of themes()) radio.checked = radio.value === (root.dataset.theme ?? "system");
  };
  const setTheme = (theme) => {
    if (theme === "system") delete root.dataset.theme;
    else root.dataset.theme = theme;
    try {
      if (theme === "system") localStorage.removeItem("theme");
      else localStorage.setItem("theme", theme);
    } catch {
      // Storage can be forbidden; the choice then lasts as long as the page.
    }
  };

  // Copying

  const copyText = async (text) => {
    if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
    // Over plain HTTP on a network there is no clipboard interface.
    const area = document.createElement("textarea");
    area.value = text;
    area.readOnly = true;
    area.className = "visually-hidden";
    document.body.append(area);
    area.select();
    const isCopied = document.execCommand("copy");
    area.remove();
    if (!isCopied) throw new Error("refused");
    return undefined;
  };
  const copy = async (button) => {
    try {
      await copyText(button.dataset.copy);
      button.dataset.copied = "";
      const use = button.querySelector("use");
      const icon = use?.getAttribute("href");
      use?.setAttribute("href", icon.replace(/#.*/, "#check"));
      setTimeout(() => {
        delete button.dataset.copied;
        use?.setAttribute("href", icon);
      }, 1500);
      announce("Copied");
    } catch {
      say("The browser refused to copy. Select the text and copy it by hand.", { tone: "warn", key: "copy" });
    }
  };

  // Dialogs

  const openDialog = async (link) => {
    const ready = link.dataset.dialog && document.getElementById(link.dataset.dialog);
    if (ready) {
      ready.showModal();
      return;
    }
    const answer = await fetch(link.href, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const body = page.querySelector("[data-dialog-content]");
    if (!answer.ok || !body) {
      window.location.assign(link.href);
      return;
    }
    const dialog = document.createElement("dialog");
    dialog.className = "dialog";
    const title = document.createElement("h2");
    title.id = "dialog-title";
    title.textContent = page.querySelector("h1")?.textContent.trim() ?? "";
    dialog.setAttribute("aria-labelledby", title.id);
    dialog.append(title, document.importNode(body, true));
    for (const form of dialog.querySelectorAll("form:not([action]), form[action='']")) form.action = link.href;
    dialog.addEventListener("close", () => {
      dialog.remove();
      link.focus();
    });
    document.body.append(dialog);
    window.htmx?.process(dialog);
    dialog.showModal();
  };

  // Ticking rows

  const boxes = (name, from) =>
    [...(from.closest("form, table") ?? document).querySelectorAll(`input[type="checkbox"][name="${CSS.escape(name)}"]`)]
      .filter((box) => !box.disabled);
  const showTicked = () => {
    for (const all of document.querySelectorAll("[data-select-all]")) {
      const own = boxes(all.dataset.selectAll, all);
      const ticked = own.filter((box) => box.checked).length;
      all.checked = own.length > 0 && ticked === own.length;
      all.indeterminate = ticked > 0 && ticked < own.length;
    }
    for (const place of document.querySelectorAll("[data-selected-count]")) {
      const count = boxes(place.dataset.selectedCount, place).filter((box) => box.checked).length;
      if (place.textContent !== String(count)) place.textContent = String(count);
    }
  };

  document.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    if (!target) return;
    const button = target.closest("[data-copy]");
    if (button) copy(button);
    if (target.closest("[data-print]")) window.print();
    const close = target.closest("[data-dialog-close]");
    const dialog = close?.closest("dialog");
    if (dialog) {
      event.preventDefault();
      dialog.close();
    }
    const link = target.closest("[data-dialog]");
    if (link && !event.metaKey && !event.ctrlKey && !event.shiftKey) {
      event.preventDefault();
      openDialog(link).catch(() => window.location.assign(link.href));
    }
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(target)) menu.open = false;
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = document.activeElement?.closest("details.menu[open]") ?? document.querySelector("details.menu[open]");
    if (!menu) return;
    const hadFocus = menu.contains(document.activeElement);
    menu.open = false;
    if (hadFocus) menu.querySelector("summary").focus();
  });

  // Finding one in a list of choices; what is ticked stays in sight.

  document.addEventListener("input", (event) => {
    const place = document.getElementById(event.target.dataset?.filters ?? "");
    if (!place) return;
    const wanted = event.target.value.trim().toLowerCase();
    for (const row of place.children) {
      row.hidden = !row.textContent.toLowerCase().includes(wanted) && !row.querySelector(":checked");
    }
  });

  document.addEventListener("change", (event) => {
    const input = event.target;
    if (!(input instanceof HTMLInputElement)) return;
    if (input.name === "theme" && input.closest(".theme-switch")) setTheme(input.value);
    if (input.dataset.selectAll) {
      for (const box of boxes(input.dataset.selectAll, input)) box.checked = input.checked;
    }
    if (input.type === "checkbox") showTicked();
  });

  // htmx

  const isPoll = (detail) => {
    const trigger = detail.elt?.getAttribute("hx-trigger") ?? "";
    return trigger.includes("every") && !detail.requestConfig?.triggeringEvent;
  };
  const isBusy = (region) => {
    const active = document.activeElement;
    const isTyping = active && region.contains(active) && active.matches("input:not([type=checkbox], [type=radio]), select, textarea");
    return Boolean(isTyping || region.querySelector("details.menu[open], dialog[open]"));
  };

  // Nobody looks at a hidden tab, and nobody wants an input replaced under the fingers.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (isPoll(event.detail) && (document.hidden || isBusy(event.detail.target ?? event.detail.elt))) event.preventDefault();
  });

  // What is typed and not yet sent outlives the swap of what is around it.
  let typed = new Map();
  const rowOf = (part) => part.closest?.(".resolution tbody, .together tbody tr") ?? null;
  const unfold = (field) => {
    const fold = field.closest("details");
    if (fold) fold.open = true;
  };
  const noteTyped = (target, sender) => {
    const sent = sender && rowOf(sender);
    const fields = [...target.querySelectorAll("input[data-fill]")].filter((field) => field.value !== field.defaultValue && !sent?.contains(field));
    typed = new Map(fields.map((field) => [field.id, field.value]));
  };
  const bringBackTyped = () => {
    for (const [id, value] of typed) {
      const field = document.getElementById(id);
      if (!field || field.value) continue;
      field.value = value;
      unfold(field);
    }
    typed = new Map();
  };
  // After a value was filled in: the next that is not, from there down and then from the top; at last what the plan leads to.
  const nextToFill = (filled) => {
    const row = rowOf(filled);
    if (!row || row.querySelector(".row-problem")) return null;
    const open = [...document.querySelectorAll(".resolution tr.is-undecided input[data-fill], .together tr:has(td.is-open) input[data-fill]")];
    const after = open.find((field) => row.compareDocumentPosition(field) & Node.DOCUMENT_POSITION_FOLLOWING);
    return after ?? open[0] ?? document.querySelector("#plan-runbar a.button, #group-targets a.button-primary");
  };

  let place = null;
  let unfolded = new Set();
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, target } = event.detail;
    // A signed-out person is sent to the sign-in page; a whole page must not end up inside a fragment.
    const isWholePage = /^\s*(<!--[\s\S]*?-->\s*)?<!doctype/i.test(xhr.responseText.slice(0, 2000));
    if (isWholePage && target !== document.body && xhr.status < 400) {
      event.detail.shouldSwap = false;
      window.location.reload();
      return;
    }
    noteTyped(target, event.detail.requestConfig?.elt);
    unfolded = new Set([...document.querySelectorAll("details[id][open]")].map((fold) => fold.id));
    const active = document.activeElement;
    place = active && target.contains(active) ? { id: active.id, name: active.name, value: active.value, href: active.getAttribute("href") } : null;
  });
  document.addEventListener("htmx:afterSettle", () => {
    for (const id of unfolded) {
      const fold = document.getElementById(id);
      if (fold && !fold.open && !fold.matches(".menu")) fold.open = true;
    }
    bringBackTyped();
    showTicked();
    showTheme();
    if (!place || (document.activeElement && document.activeElement !== document.body)) return;
    const { id, name, value, href } = place;
    place = null;
    const again =
      (id && document.getElementById(id)) ||
      (name && (document.querySelector(`[name="${CSS.escape(name)}"][value="${CSS.escape(value ?? "")}"]`) ?? document.querySelector(`[name="${CSS.escape(name)}"]`))) ||
      (href && document.querySelector(`a[href="${CSS.escape(href)}"]`));
    const next = again?.matches("[data-fill]") ? nextToFill(again) : null;
    if (next) unfold(next);
    (next ?? again)?.focus({ preventScroll: true });
    next?.scrollIntoView({ block: "nearest" });
  });

  // Enter on a box or a radio presses the form's first button; in a table that decides many rows, no key may.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches?.('.resolution input[type="checkbox"], .resolution input[type="radio"]')) event.preventDefault();
  });

  document.addEventListener("htmx:responseError", (event) => {
    const { status } = event.detail.xhr;
    if (status >= 500) say(`Towpath met an error (${status}). What you see may be out of date: reload the page before you try again.`, { key: "error" });
    else if (status === 403) say("This was refused: your role does not allow it, or the page is out of date. Reload the page.", { key: "refused" });
    else if (status === 404) say("This is gone. Reload the page to see what is left.", { key: "gone" });
    else if (status === 409) say("Somebody else changed this meanwhile. Reload the page to see the change.", { tone: "warn", key: "changed" });
    else if (status === 429) say("Too many requests. Wait a minute, then try again.", { tone: "warn", key: "many" });
    else say(`The request was refused (${status}). Reload the page and try again.`, { key: "refused" });
  });
  const onLost = () => say("Towpath cannot be reached. What you see may be out of date; live parts go on by themselves once it answers.", { tone: "warn", key: "lost" });
  document.addEventListener("htmx:sendError", onLost);
  document.addEventListener("htmx:timeout", onLost);
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.xhr?.status > 0) unsay("lost");
    if (event.detail.successful) unsay("error");
  });

  showTheme();
  showTicked();
})();
