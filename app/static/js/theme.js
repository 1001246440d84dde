// Sets light or dark before the first paint: the visitor's choice, else what the system says. Loaded as a classic script.
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const chosen = localStorage.getItem("foveal-theme");
    document.documentElement.dataset.bsTheme = chosen || (dark.matches ? "dark" : "light");
    document.dispatchEvent(new CustomEvent("foveal:theme"));
  };
  apply();
  dark.addEventListener("change", apply);
  window.addEventListener("storage", (event) => event.key === "foveal-theme" && apply());
  window.fovealTheme = {
    toggle() {
      const next = document.documentElement.dataset.bsTheme === "dark" ? "light" : "dark";
      const system = dark.matches ? "dark" : "light";
      if (next === system) localStorage.removeItem("foveal-theme"); else localStorage.setItem("foveal-theme", next);
      apply();
    },
  };
})();
