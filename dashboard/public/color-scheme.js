// Runs before anything is painted, so that a dark desktop sees no white flash. A file of its own: the page allows no inline script.
(function () {
  var choice;
  try {
    choice = localStorage.getItem('gatehouse-color-scheme');
  } catch {
    // Storage may be forbidden; then the system decides.
  }
  var isDark = choice === 'dark' || (choice !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.setAttribute('data-mantine-color-scheme', isDark ? 'dark' : 'light');
})();
