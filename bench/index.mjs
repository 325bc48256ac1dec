// npm run bench: tokens. npm run bench -- gateway: calls through the gateway.
const RUNS = { tokens: './run.mjs', gateway: './gateway/run.mjs' };
const name = process.argv[2] ?? 'tokens';
if (!Object.hasOwn(RUNS, name)) {
  console.error(`bench: name one of ${Object.keys(RUNS).join(', ')}`);
  process.exit(2);
}
await import(RUNS[name]);
