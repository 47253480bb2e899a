// On a narrow screen the tabs are one row: bring the current one into view, also after it was exchanged.
const showTab = () => document.querySelector(".tabs .active")?.scrollIntoView({ inline: "center", block: "nearest" });
showTab();
document.addEventListener("htmx:afterSettle", showTab);
