// Runs before the first paint, so that a stored choice of light or dark does not flash the other one.
try {
  const theme = localStorage.getItem("cw.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  const lang = localStorage.getItem("cw.lang");
  if (lang) document.documentElement.lang = lang;
} catch {
  // Storage may be forbidden; the system's scheme then applies.
}
