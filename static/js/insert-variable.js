// A button with data-insert puts its text where the cursor is: in the field of the form that was used last, else the text
// or the first place of an approved text.
{
  let last = "text";
  const takes = (field) => ["subject", "text"].includes(field.name) || "takesVariables" in field.dataset;
  document.addEventListener("focusin", (event) => {
    if (event.target.matches("input, textarea") && takes(event.target)) last = event.target.name;
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-insert]");
    if (!button) return;
    const { form } = button;
    const field = form.elements[last] ?? form.elements.text ?? form.querySelector("[data-takes-variables]");
    if (!field) return;
    field.setRangeText(button.dataset.insert, field.selectionStart, field.selectionEnd, "end");
    field.focus();
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
}
