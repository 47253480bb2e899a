// On a narrow screen the sections are one row: bring the current one into view.
document.querySelector(".settings-sections .active")?.scrollIntoView({ inline: "center", block: "nearest" });
