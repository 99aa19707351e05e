// Forms that send large files (data-upload on the form, htmx sends it):
//   data-upload-progress  the bar and, in data-upload-words, how far it is     data-upload-stop  ends the sending
//   data-max-bytes        of a file input; data-too-large says why a larger file is not sent
(() => {
  "use strict";

  const MIB = 1024 * 1024;
  const formOf = (event) => event.target.closest?.("form[data-upload]") ?? null;
  const part = (form, name) => form.querySelector(`[data-upload-${name}]`);
  const hasFile = (form) => [...form.querySelectorAll('input[type="file"]')].some((input) => !input.disabled && input.offsetParent && input.files.length > 0);
  const inMib = (bytes) => (bytes / MIB).toFixed(1);

  const show = (form, isShown) => {
    part(form, "progress").hidden = !isShown;
    part(form, "stop").hidden = !isShown;
  };
  // A reader of screens is told each tenth, not each moment.
  const tell = (form, loaded, total) => {
    const share = Math.min(100, Math.floor((100 * loaded) / total));
    part(form, "progress").querySelector("progress").value = share;
    const tenth = Math.floor(share / 10);
    if (form.dataset.tenth === String(tenth)) return;
    form.dataset.tenth = String(tenth);
    part(form, "words").textContent = `${inMib(loaded)} of ${inMib(total)} MiB sent`;
  };

  document.addEventListener("change", (event) => {
    const input = event.target;
    if (!input.dataset?.maxBytes) return;
    const isTooLarge = [...input.files].some((file) => file.size > Number(input.dataset.maxBytes));
    input.setCustomValidity(isTooLarge ? input.dataset.tooLarge : "");
    if (isTooLarge) input.reportValidity();
  });

  document.addEventListener("htmx:beforeSend", (event) => {
    const form = formOf(event);
    if (!form || !hasFile(form)) return;
    delete form.dataset.tenth;
    form.dataset.sending = "";
    show(form, true);
    tell(form, 0, 1);
    part(form, "words").textContent = "Sending the file";
  });
  document.addEventListener("htmx:xhr:progress", (event) => {
    const form = formOf(event);
    const { lengthComputable, loaded, total } = event.detail;
    // What comes back is told by the same event.
    if (!form || form.dataset.sending === undefined || !lengthComputable || !total) return;
    tell(form, loaded, total);
    if (loaded < total) return;
    delete form.dataset.sending;
    part(form, "stop").hidden = true;
    part(form, "words").textContent = "All is sent. Looking through the zip";
  });
  for (const name of ["htmx:xhr:abort", "htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
    document.addEventListener(name, (event) => {
      const form = formOf(event);
      if (!form) return;
      delete form.dataset.sending;
      show(form, false);
    });
  }
  document.addEventListener("click", (event) => {
    const form = event.target.closest?.("[data-upload-stop]")?.closest("form[data-upload]");
    if (form) window.htmx?.trigger(form, "htmx:abort");
  });
})();
