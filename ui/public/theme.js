// Runs before the first paint, so that a page never flashes in the wrong theme. A file of its own, because the content security
// policy allows no inline script. Keys and values are those of src/lib/settings.ts.
(() => {
  const root = document.documentElement;
  let stored = {};
  try {
    stored = JSON.parse(localStorage.getItem('bellwether.settings') || '{}') || {};
  } catch {
    stored = {}; // storage may be blocked or hold something else: the defaults are right then
  }
  const asked = stored.theme;
  const light = matchMedia('(prefers-color-scheme: light)').matches;
  const known = asked === 'dark' || asked === 'light' || asked === 'contrast';
  root.dataset.theme = known ? asked : light ? 'light' : 'dark';
  root.dataset.density = stored.density === 'compact' ? 'compact' : 'comfortable';
  root.dataset.rail = stored.rail === 'narrow' ? 'narrow' : 'wide';
})();
