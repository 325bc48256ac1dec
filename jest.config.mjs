/** Unit specs sit beside their files; journeys over HTTP sit in test/. Browser journeys have a config of their own. */
export default {
  testEnvironment: 'node',
  testRegex: '(src|test)/.*\\.(e2e-)?spec\\.ts$',
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '/test/browser/'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    // Version 3, which @fastify/static takes, is an ES module, and jest on Node 20 cannot require() one.
    '^content-disposition$': 'content-disposition-cjs',
  },
  // Against hanging only: how long things take depends on what else the machine does.
  testTimeout: 120_000,
  // Most wait for something most of the time.
  maxWorkers: 3,
  testSequencer: './tools/test-order.mjs',
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
          target: 'es2022',
          keepClassNames: true,
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
};
