import { convertCssVariables, defaultCssVariablesResolver, mergeMantineTheme, DEFAULT_THEME } from '@mantine/core';
import { gzipSync } from 'node:zlib';
import { defineConfig, type Plugin, type Rolldown } from 'vite';
import { cssVariables, theme } from './src/theme.js';

const THEME = 'virtual:theme.css';
/** Where a development server of the pages finds the application. */
const APPLICATION = 'http://localhost:3000';

/**
 * The theme's variables as a style sheet. Mantine would write them into a style element when the page starts, which the
 * Content-Security-Policy forbids.
 */
const themeStyles = (): Plugin => ({
  name: 'theme-styles',
  resolveId: (id) => (id === THEME ? `\0${THEME}` : undefined),
  load: (id) => (id === `\0${THEME}` ? themeCss() : undefined),
});

function themeCss(): string {
  const merged = mergeMantineTheme(DEFAULT_THEME, theme);
  const standard = defaultCssVariablesResolver(merged);
  const own = cssVariables(merged);
  return convertCssVariables({
    variables: { ...standard.variables, ...own.variables },
    light: { ...standard.light, ...own.light },
    dark: { ...standard.dark, ...own.dark },
  });
}

/** What a browser fetches before the first page stands, at most, in bytes of gzipped JavaScript. Charts come after it. */
const FIRST_PAGE_BUDGET = 250_000;
const FIRST_PAGES = ['/main.tsx', '/overview-page.tsx'];

/** Fails the build where the first page grows too large. */
const firstPageBudget = (): Plugin => ({
  name: 'first-page-budget',
  apply: 'build',
  writeBundle(_options, bundle) {
    const chunks = Object.values(bundle).filter((output): output is Rolldown.OutputChunk => output.type === 'chunk');
    const byName = new Map(chunks.map((chunk) => [chunk.fileName, chunk]));
    const first = chunks.filter(({ isEntry, facadeModuleId }) => isEntry || FIRST_PAGES.some((page) => facadeModuleId?.endsWith(page)));
    const names = new Set<string>();
    const add = (name: string): void => {
      if (names.has(name)) return;
      names.add(name);
      byName.get(name)?.imports.forEach(add);
    };
    first.forEach(({ fileName }) => add(fileName));
    const size = [...names].reduce((sum, name) => sum + gzipSync(byName.get(name)?.code ?? '').length, 0);
    this.info(`The first page loads ${Math.round(size / 1000)} KB of gzipped JavaScript; ${FIRST_PAGE_BUDGET / 1000} KB are allowed.`);
    if (first.length < FIRST_PAGES.length) this.error('The first page is not among the chunks: mend FIRST_PAGES.');
    if (size > FIRST_PAGE_BUDGET) this.error('The first page is too large. Load what it does not show at once with import().');
  },
});

export default defineConfig({
  root: import.meta.dirname,
  base: '/dashboard/',
  plugins: [themeStyles(), firstPageBudget()],
  build: {
    outDir: '../dist/dashboard',
    emptyOutDir: true,
    // No inline data: URLs and no preload script: what the policy allows is files.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
    // Mantine marks its files for React's server components, which there are none of here.
    rolldownOptions: { onLog: (level, log, handle) => (log.code === 'MODULE_LEVEL_DIRECTIVE' ? undefined : handle(level, log)) },
  },
  server: { proxy: Object.fromEntries(['/api', '/authed', '/mcp', '/.well-known', '/health'].map((path) => [path, APPLICATION])) },
});
