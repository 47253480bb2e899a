// A form, or one button of it, with data-push="<public key>" switches notifications on: the browser asks, and what it
// gives out is sent with the form. The form may be exchanged by htmx.
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (char) => char.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const say = (name) => {
  const off = document.querySelector("[data-push-off]");
  off?.querySelectorAll("[data-why]").forEach((line) => { line.hidden = line.dataset.why !== name; off.hidden = false; });
};

async function subscribe(publicKey) {
  const registration = await navigator.serviceWorker.register("/push-worker.js");
  await navigator.serviceWorker.ready;
  const key = bytes(publicKey);
  const known = await registration.pushManager.getSubscription();
  // One that was made with other keys is of no use.
  if (known && text(known.options.applicationServerKey) !== publicKey) await known.unsubscribe();
  return registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
}

const offer = () => {
  const host = document.querySelector("[data-push]");
  if (!host) return;
  if (!("serviceWorker" in navigator) || !("PushManager" in window)) say("unsupported");
  else if (Notification.permission === "denied") say("denied");
  else host.hidden = false;
};
offer();
document.addEventListener("htmx:afterSettle", offer);
document.addEventListener("submit", async (event) => {
  const form = event.target;
  const host = form.matches("[data-push]") ? form : form.querySelector("[data-push]");
  if (!host || form.elements.endpoint.value || (host !== form && event.submitter !== host)) return;
  event.preventDefault();
  try {
    const made = await subscribe(host.dataset.push);
    form.elements.endpoint.value = made.endpoint;
    form.elements.p256dh.value = text(made.getKey("p256dh"));
    form.elements.auth.value = text(made.getKey("auth"));
    if (host !== form) form.action = host.formAction;
    form.submit();
  } catch (error) {
    say(Notification.permission === "denied" ? "denied" : "failed");
    form.querySelectorAll("button").forEach((button) => { button.disabled = false; });
  }
});
