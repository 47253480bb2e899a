// A page that comes back with a mistake shows it: the first one is brought into view, and its field is ready to be mended.
{
  const mistake = document.querySelector("#content .is-invalid, #content form .alert-danger");
  if (mistake) {
    if (!mistake.matches("input, select, textarea")) mistake.tabIndex = -1;
    mistake.focus({ preventScroll: true });
    const { top, bottom } = mistake.getBoundingClientRect();
    if (top < 0 || bottom > innerHeight) mistake.scrollIntoView({ block: "center" });
  }
}
