// Ticked rows: how many, all of the page at once, and the bar of what can be done with them.
const refresh = () => {
  const form = document.querySelector("[data-selection]");
  const bar = form?.querySelector("[data-bulk-bar]");
  if (!bar) return;
  const ticks = [...form.querySelectorAll("[name=chosen]")];
  const chosen = ticks.filter((tick) => tick.checked).length;
  const everything = form.querySelector("[data-everything]");
  const all = form.querySelector("[data-tick-all]");
  const count = bar.querySelector("[data-count]");
  all.hidden = false;
  all.checked = chosen === ticks.length;
  all.indeterminate = chosen > 0 && chosen < ticks.length;
  count.classList.toggle("d-none", Boolean(everything?.checked));
  count.textContent = count.dataset.many.replace("#", chosen);
  bar.hidden = !chosen && !everything?.checked;
};
document.addEventListener("change", (event) => {
  const form = event.target.closest("[data-selection]");
  if (!form) return;
  if (event.target.matches("[data-tick-all]")) form.querySelectorAll("[name=chosen]").forEach((tick) => { tick.checked = event.target.checked; });
  if (event.target.matches("[data-tick-all], [name=chosen]") && !event.target.checked) { const all = form.querySelector("[data-everything]"); if (all) all.checked = false; }
  refresh();
});
document.addEventListener("htmx:afterSettle", refresh);
addEventListener("pageshow", refresh);
refresh();
