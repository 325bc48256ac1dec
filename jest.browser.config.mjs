import base from './jest.config.mjs';

/** Journeys in a real browser: Debian's chromium, or the one that CHROMIUM names. */
export default {
  ...base,
  testRegex: 'test/browser/.*\\.e2e-spec\\.ts$',
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  maxWorkers: 1,
  testTimeout: 120_000,
};
