// Parts of a form that belong to some choices of a field are shown for those alone: data-shown-for names the choices,
// data-shown-by the field ("audience" unless it says so). Without this script all are shown, and the server leaves out
// what does not belong.
{
  const parts = () => [...document.querySelectorAll("[data-shown-for]")];
  const field = (part) => document.querySelector(`[name=${part.dataset.shownBy || "audience"}]`);
  const show = () => parts().forEach((part) => {
    const choice = field(part);
    if (choice) part.hidden = !part.dataset.shownFor.split(" ").includes(choice.value);
  });
  document.addEventListener("change", (event) => {
    if (parts().some((part) => field(part) === event.target)) show();
  });
  document.addEventListener("htmx:afterSwap", show);  // before it is painted
  show();
}
