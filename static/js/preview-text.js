// The preview of a text: mistakes are shown as well (htmx drops answers with 422), and the first one is led to. Enter in
// a field of the preview asks for the preview, and does not save.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status === 422) { event.detail.shouldSwap = true; event.detail.isError = false; }
});
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.xhr.status === 422) document.querySelector("#text-form .is-invalid")?.focus();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.matches("#preview input")) return;
  event.preventDefault();
  event.target.form.querySelector("[value=preview]").click();
});
