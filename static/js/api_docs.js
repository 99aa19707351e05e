// Swagger UI turns dark by a class on the root element; it follows the theme of all other pages here.
(() => {
  const root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const theme = root.dataset.theme ?? (system.matches ? "dark" : "light");
    root.classList.toggle("dark-mode", theme === "dark");
  };
  apply();
  system.addEventListener("change", apply);
})();
