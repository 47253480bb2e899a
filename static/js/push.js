// A form, or one button of it, with data-push="<public key>" switches notifications on: the browser asks, and what it
// gives out is sent with the form.
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (char) => char.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const say = (name) => { const off = document.querySelector("[data-push-off]"); off?.querySelectorAll("[data-why]").forEach((line) => { line.hidden = line.dataset.why !== name; off.hidden = false; }); };

async function subscribe(host) {
  const registration = await navigator.serviceWorker.register("/push-worker.js");
  await navigator.serviceWorker.ready;
  const key = bytes(host.dataset.push);
  const known = await registration.pushManager.getSubscription();
  // One that was made with other keys is of no use.
  if (known && text(known.options.applicationServerKey) !== host.dataset.push) await known.unsubscribe();
  return registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
}

function begin(host) {
  const form = host.closest("form");
  if (!("serviceWorker" in navigator) || !("PushManager" in window)) say("unsupported");
  else if (Notification.permission === "denied") say("denied");
  else host.hidden = false;
  form.addEventListener("submit", async (event) => {
    if (form.elements.endpoint.value || (host !== form && event.submitter !== host)) return;
    event.preventDefault();
    try {
      const made = await subscribe(host);
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
}

const beginAll = () => document.querySelectorAll("[data-push]:not([data-begun])").forEach((host) => {
  host.dataset.begun = "";
  begin(host);
});
beginAll();
document.addEventListener("htmx:afterSettle", beginAll);  // A part of the page that was renewed.
