// Gives the captcha its worker and our words. Runs after the widget's own script, in the order of the page.
{
  const widget = document.querySelector("altcha-widget");
  if (widget && globalThis.$altcha) {
    const worker = widget.dataset.worker;
    $altcha.algorithms.set("PBKDF2/SHA-256", () => new Worker(worker));
    $altcha.i18n.set(widget.getAttribute("language"), JSON.parse(document.getElementById("captcha-strings").textContent));
  }
}
