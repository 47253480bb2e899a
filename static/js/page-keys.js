// Keys of a page: what carries data-key is followed or pressed by that letter, unless somebody types.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const found = /^[a-z]$/.test(event.key) && document.querySelector(`[data-key="${event.key}"]`);
  if (found) { found.click(); event.preventDefault(); }
});
