// The switch between light and dark; without a choice the system's setting holds.
document.querySelectorAll("[data-theme-switch]").forEach((button) => {
  button.addEventListener("click", () => {
    const root = document.documentElement;
    root.dataset.bsTheme = root.dataset.bsTheme === "dark" ? "light" : "dark";
    localStorage.theme = root.dataset.bsTheme;
  });
});
