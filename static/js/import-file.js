// A form with data-file-limit (bytes) says at once that a file is too large, before it is sent.
document.querySelectorAll("form[data-file-limit]").forEach((form) => {
  const field = form.querySelector("input[type=file]");
  field.addEventListener("change", () => {
    const file = field.files[0];
    field.setCustomValidity(file && file.size > Number(form.dataset.fileLimit) ? form.dataset.tooLarge : "");
    field.reportValidity();
  });
  form.addEventListener("submit", (event) => {
    if (field.validity.customError) { event.preventDefault(); field.reportValidity(); }
  });
});
