// On a narrow screen the tabs are one row: bring the current one into view, also after it was exchanged. A boosted page
// may bring this file once more, so nothing of it is left in the page's own names.
{
  const show = () => document.querySelector(".tabs .active")?.scrollIntoView({ inline: "center", block: "nearest" });
  show();
  if (!document.documentElement.dataset.tabs) document.addEventListener("htmx:afterSettle", show);
  document.documentElement.dataset.tabs = "1";
}
