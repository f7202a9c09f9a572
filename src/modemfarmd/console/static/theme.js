// SPDX-License-Identifier: GPL-3.0-or-later
// As the system, light or dark: the browser remembers it.
(() => {
  const words = { auto: "Theme: as the system", light: "Theme: light", dark: "Theme: dark" };
  window.farmTheme = (next) => {
    const all = ["auto", "light", "dark"];
    let now = localStorage.getItem("modemfarm-theme") || "auto";
    if (next) now = all[(all.indexOf(now) + 1) % 3];
    localStorage.setItem("modemfarm-theme", now);
    Quasar.Dark.set(now === "auto" ? "auto" : now === "dark");
    document.querySelectorAll(".theme .q-btn__content").forEach((e) => (e.lastChild.textContent = words[now]));
  };
  document.addEventListener("DOMContentLoaded", () => {
    const wait = setInterval(() => {
      if (!document.querySelector(".theme")) return;
      clearInterval(wait);
      farmTheme(false);
    }, 20);
  });
})();
