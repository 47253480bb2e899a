// A box that leaves of a list what carries all words typed. / leads to it, arrows walk through what is left, Enter opens
// the first, Esc shows all again. Accents and capitals do not matter.
const list = document.querySelector("[data-filtered]");
const box = list?.querySelector("[data-filter-box]");
if (box) {
  const field = box.querySelector("input");
  const said = box.querySelector("[data-filter-found]");
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const group = (entry) => entry.closest("[data-filtered-group]");
  const entries = [...list.querySelectorAll("[data-filtered-entry]")].map((element) => {
    const heading = group(element).querySelector("h2").textContent;
    return { element, text: plain(`${element.textContent} ${element.dataset.words} ${heading}`) };
  });
  const links = () => entries.filter(({ element }) => !element.hidden).map(({ element }) => element.querySelector("a"));
  const sift = () => {
    const words = plain(field.value).split(/\s+/).filter(Boolean);
    entries.forEach((entry) => { entry.element.hidden = !words.every((word) => entry.text.includes(word)); });
    list.querySelectorAll("[data-filtered-group]").forEach((each) => { each.hidden = !each.querySelector("[data-filtered-entry]:not([hidden])"); });
    said.textContent = links().length ? "" : said.dataset.none;
  };
  const clear = () => { field.value = ""; sift(); field.focus(); };
  field.addEventListener("input", sift);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const isTyping = event.target.closest("input, textarea, select, [contenteditable]");
    if (event.key === "/" && !isTyping && field.offsetParent) { field.focus(); field.select(); event.preventDefault(); return; }
    if (!list.contains(event.target)) return;
    const shown = links();
    const place = shown.indexOf(event.target.closest("a"));
    if (event.key === "Escape" && field.value) clear();
    else if (event.key === "Enter" && event.target === field) shown[0]?.click();
    else if (event.key === "ArrowDown") shown[Math.min(shown.length - 1, place + 1)]?.focus();
    else if (event.key === "ArrowUp" && place === 0) field.focus();
    else if (event.key === "ArrowUp" && place > 0) shown[place - 1].focus();
    else return;
    event.preventDefault();
  });
  box.classList.remove("invisible");
}
