// A button with data-insert puts its text where the cursor is: in the field of the form that was used last, else the text.
{
  const form = document.getElementById("text-form");
  let field = form.elements.text;
  form.addEventListener("focusin", (event) => {
    if (["subject", "text"].includes(event.target.name)) field = event.target;
  });
  form.querySelectorAll("[data-insert]").forEach((button) => button.addEventListener("click", () => {
    field.setRangeText(button.dataset.insert, field.selectionStart, field.selectionEnd, "end");
    field.focus();
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }));
}
