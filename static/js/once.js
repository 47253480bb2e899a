// A form that was sent is not sent again by a second click; coming back to the page frees it. What opens in a new tab
// may be opened again.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent && !event.defaultPrevented) { event.preventDefault(); return; }
  setTimeout(() => { if (!event.defaultPrevented && form.method === "post" && form.target !== "_blank") form.dataset.sent = "1"; });
});
addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent));
