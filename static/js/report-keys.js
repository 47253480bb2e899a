// Keys of a page with one decision: each element with data-key="x" is pressed, or a field entered, by that key.
// A button is only brought to the front: Enter presses it, so that no slip of a finger books anything.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) { if (event.key === "Escape") event.target.blur(); return; }
  const found = /^[a-z]$/.test(event.key) && document.querySelector(`[data-key="${event.key}"]`);
  if (!found) return;
  event.preventDefault();
  if (found.matches("a")) found.click(); else found.focus();
});
