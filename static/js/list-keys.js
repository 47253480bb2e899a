// Keys of a list: / searches, arrows (and j, k) walk through the rows, Enter opens (the row's own link), x ticks, Esc clears.
const field = document.getElementById("id_q");
const links = () => [...document.querySelectorAll("[data-rows] [data-row]")];
const isTyping = (element) => element.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");
const go = (step) => {
  const rows = links();
  const place = rows.indexOf(document.activeElement);
  if (step < 0 && place === 0 && field) { field.focus(); return; }
  (rows[place < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, place + step)])?.focus();
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || !field) return;
  const inSearch = event.target === field;
  if (event.key === "Escape") {
    const menu = event.target.closest("details.menu[open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); return; }
    if (isTyping(event.target) && !inSearch) return;
    if (field.value) { field.value = ""; field.dispatchEvent(new Event("input", { bubbles: true })); field.focus(); } else { field.blur(); }
    event.preventDefault();
    return;
  }
  if (isTyping(event.target) && !inSearch) return;
  if (event.key === "/" && !inSearch) { field.focus(); field.select(); event.preventDefault(); }
  else if (event.key === "ArrowDown" || event.key === "ArrowUp" || (!inSearch && (event.key === "j" || event.key === "k"))) {
    if (event.target.closest("summary, .menu") || (inSearch && event.key === "ArrowUp")) return;
    go(event.key === "ArrowDown" || event.key === "j" ? 1 : -1);
    event.preventDefault();
  } else if (event.key === "x" && event.target.matches("[data-row]")) {
    event.target.closest("tr").querySelector("[name=chosen]")?.click();
    event.preventDefault();
  }
});
// A menu closes when one goes on somewhere else.
document.addEventListener("click", (event) => {
  document.querySelectorAll("details.menu[open]").forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
});
