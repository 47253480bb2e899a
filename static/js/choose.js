// A choice that changes what is asked for: the button named by data-chooses has the page shown anew with it.
document.addEventListener("change", (event) => {
  const button = document.getElementById(event.target.dataset.chooses ?? "");
  if (button) button.click();
});
