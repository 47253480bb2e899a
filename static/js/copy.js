// A button with data-copy="<id>" copies the text of that field. Without a clipboard the button stays hidden.
document.querySelectorAll("[data-copy]").forEach((button) => {
  if (!navigator.clipboard) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const field = document.getElementById(button.dataset.copy);
    field.select();
    await navigator.clipboard.writeText(field.value);
    const said = button.querySelector("[role=status]");
    said.textContent = button.dataset.copied;
    setTimeout(() => { said.textContent = ""; }, 2000);
  });
});
