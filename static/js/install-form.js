// Keeps what is typed on this device until the request is sent, and sends the form without leaving the page, so that a
// broken connection loses nothing. The copy belongs to one host and one ISP, and is forgotten after a day.
{
  const form = document.getElementById("install-form");
  const words = document.getElementById("words").dataset;
  const trouble = document.getElementById("trouble");
  const button = document.getElementById("send");
  const key = `lastmile-install:${location.host}:${form.dataset.memory}`;
  const DAY = 24 * 3600 * 1000;
  const typed = () => [...form.querySelectorAll("#fields input:not([type=file]), #fields textarea")];

  const forget = () => { try { localStorage.removeItem(key); } catch { /* storage is closed to us */ } };
  const remember = () => {
    const values = Object.fromEntries(typed().map((field) => [field.name, field.value]));
    try {
      localStorage.setItem(key, JSON.stringify({ at: Date.now(), submission: form.elements.submission.value, values }));
    } catch { /* storage is full or closed to us: the page still works */ }
  };
  const recall = () => {
    let kept = null;
    try { kept = JSON.parse(localStorage.getItem(key)); } catch { /* nothing readable */ }
    if (!kept || Date.now() - kept.at > DAY) { forget(); return; }
    // A page that came back from the server with its values has the last word.
    if (typed().some((field) => field.value)) return;
    if (kept.submission) form.elements.submission.value = kept.submission;
    for (const field of typed()) field.value = kept.values?.[field.name] ?? "";
    document.getElementById("restored").hidden = !typed().some((field) => field.value);
    // Sent already, and only the answer got lost: this is the next request, which begins empty.
    form.askDocuments?.().then((isSent) => { if (isSent) { forget(); location.reload(); } }).catch(() => {});
  };

  const tell = (text) => { trouble.textContent = text; trouble.hidden = !text; if (text) trouble.focus(); };

  const show = (html) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    const fields = page.getElementById("fields");
    if (!fields) return false;
    document.getElementById("fields").replaceWith(document.adoptNode(fields));
    const error = page.getElementById("captcha-error")?.textContent.trim() ?? "";
    document.getElementById("captcha-error").textContent = error;
    if (error) form.querySelector("altcha-widget")?.reset?.();
    globalThis.grecaptcha?.reset?.();
    const first = form.querySelector("#fields .is-invalid") ?? form.querySelector("[data-summary]") ?? form.querySelector("#captcha-error");
    first?.scrollIntoView({ block: "center" });
    first?.focus({ preventScroll: true });
    return true;
  };

  const submit = async () => {
    tell("");
    await form.documentsSent?.();
    if (form.captchaReady && !(await form.captchaReady())) { tell(navigator.onLine ? words.check : words.offline); return; }
    let answer;
    try {
      answer = await fetch(form.action, { method: "POST", body: new FormData(form), headers: { Accept: "text/html" } });
    } catch {
      tell(words.offline);
      return;
    }
    if (answer.ok && answer.redirected) {
      forget();
      location.assign(answer.url);
    } else if (![200, 422, 429].includes(answer.status) || !show(await answer.text())) {
      tell(answer.status === 403 ? words.expired : words.failed);
    }
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    const label = button.querySelector("span");
    const before = label.textContent;
    button.disabled = true;
    label.textContent = words.sending;
    try { await submit(); } finally { button.disabled = false; label.textContent = before; }
  });
  form.addEventListener("input", remember);
  document.getElementById("forget").addEventListener("click", () => { forget(); location.reload(); });
  addEventListener("pageshow", recall);
}
