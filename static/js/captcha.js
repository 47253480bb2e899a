// Gives the captcha its worker and our words, and holds a form that is sent before the check is done. Runs after the
// widget's own script, in the order of the page; where that did not load, the form goes as it is.
{
  const widget = document.querySelector("altcha-widget");
  const form = widget?.closest("form");
  const LONGEST = 120_000; // ms for one check; an answer that never comes must not hold the form for ever

  if (widget && globalThis.$altcha) {
    const worker = widget.dataset.worker;
    $altcha.algorithms.set("PBKDF2/SHA-256", () => new Worker(worker));
    $altcha.i18n.set(widget.getAttribute("language"), JSON.parse(document.getElementById("captcha-strings").textContent));
  }

  const turn = () => new Promise((resolve) => setTimeout(resolve));

  const settled = () => new Promise((resolve) => {
    const tooLong = setTimeout(() => widget.reset("error"), LONGEST);
    const look = () => {
      if (widget.getState() === "verifying") return;
      clearTimeout(tooLong);
      widget.removeEventListener("statechange", look);
      resolve();
    };
    widget.addEventListener("statechange", look);
    look();
  });

  // Whether the check is done, waited for and begun where it was not. One that failed earlier is tried once more.
  const captchaReady = async () => {
    if (!widget.getState) return true;
    await turn(); // the focus that came with the press may just be starting it
    await settled();
    if (widget.getState() !== "verified") {
      widget.verify();
      await turn();
      await settled();
    }
    await turn(); // the widget writes its solution into the form
    return widget.getState() === "verified";
  };

  const busy = (button, isBusy) => {
    form.toggleAttribute("data-checking", isBusy);
    button?.classList.toggle("btn-loading", isBusy);
    if (isBusy) button?.setAttribute("aria-busy", "true"); else button?.removeAttribute("aria-busy");
    form.querySelector("[data-captcha-status]").textContent = isBusy ? form.querySelector("[data-captcha-status]").dataset.captchaStatus : "";
  };

  // Before all others (js/once.js): whoever presses while it still computes waits a moment, and need not type again.
  const hold = async (event) => {
    if (event.target !== form || !widget.getState || widget.getState() === "verified") return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (form.hasAttribute("data-checking")) return;
    const button = event.submitter;
    busy(button, true);
    const isReady = await captchaReady();
    busy(button, false);
    if (isReady) { form.requestSubmit(button); return; }
    // The widget says that it failed; all that was typed is still there.
    widget.scrollIntoView({ block: "center" });
    widget.querySelector("input:not([type=hidden])")?.focus({ preventScroll: true });
  };

  if (form) {
    form.captchaReady = captchaReady;
    // A form that sends itself asks by itself.
    if (!form.hasAttribute("data-sends-itself")) document.addEventListener("submit", hold, true);
  }
}
