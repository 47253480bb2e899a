// Parts of a form that belong to one choice of its field "audience" are shown for that choice alone. Without this
// script all are shown, and the server leaves out what does not belong.
{
  const choice = document.querySelector("[name=audience]");
  const show = () => document.querySelectorAll("[data-shown-for]").forEach((part) => { part.hidden = part.dataset.shownFor !== choice.value; });
  if (choice) { choice.addEventListener("change", show); show(); }
}
