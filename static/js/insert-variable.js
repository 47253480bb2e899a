// A button with data-insert puts its text where the cursor is: in the field of the form that was used last, else the text.
{
  let last = "text";
  document.addEventListener("focusin", (event) => {
    if (["subject", "text"].includes(event.target.name)) last = event.target.name;
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-insert]");
    if (!button) return;
    const field = button.form.elements[last] ?? button.form.elements.text;
    field.setRangeText(button.dataset.insert, field.selectionStart, field.selectionEnd, "end");
    field.focus();
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
}
