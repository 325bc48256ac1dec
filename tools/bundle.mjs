// Makes a few large files of the built server, the command line and what they import, for a start that reads 30 files instead of 2,000,
// and without what is never used: dist/server. dist/src/main.js and cli/main.js then lead there; the rest of dist/src stays, for tools.
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { rolldown } from 'rolldown';

const MAIN = 'dist/src/main.js';
const CLI = 'dist/src/cli/main.js';
const LEADS = { [MAIN]: "import '../server/main.js';\n", [CLI]: "#!/usr/bin/env node\nimport '../../server/cli.js';\n" };
/** Threads are files of their own, beside the one that starts them. */
const THREADS = ['docs-server/shell/shell.worker', 'docs-server/index/indexer.worker', 'database/checkpoint.worker'];
/** What has native code or files of its own, what is to exist once (its users look it up themselves), and what most processes never load. */
const EXTERNAL = [
  'better-sqlite3',
  /^@node-rs\/argon2/,
  /^swagger-ui-dist/,
  /^class-(validator|transformer)/,
  // Says `new Buffer`, of which Node warns outside node_modules.
  'passport-http',
  'just-bash',
  'pino-pretty',
  /^mysql2(\/|$)/,
  'ioredis',
  'openid-client',
  // Parts of Nest that are not installed, which it asks for to see whether they are.
  /^@nestjs\/(microservices|websockets|platform-express)/,
  /^@fastify\/(multipart|view)$/,
];
/** TypeORM imports the drivers of all databases that it knows. */
const OTHER_DRIVERS =
  /node_modules\/typeorm\/driver\/(aurora-mysql|aurora-postgres|capacitor|cockroachdb|cordova|expo|mongodb|nativescript|oracle|postgres|react-native|sap|spanner|sqljs|sqlserver)\//;
const NO_DRIVER = 'module.exports = new Proxy({}, { get: () => class NotBundled {} });';
/** undici's own index, less what is not used here: its fetch, caches, mocks, proxies and interceptors. */
const UNDICI = /node_modules\/undici\/index\.js$/;
const UNDICI_PARTS = `
const Dispatcher = require('./lib/dispatcher/dispatcher');
Object.assign(Dispatcher.prototype, require('./lib/api'));
exports.Dispatcher = Dispatcher;
exports.Agent = require('./lib/dispatcher/agent');
exports.Client = require('./lib/dispatcher/client');
exports.Pool = require('./lib/dispatcher/pool');
exports.buildConnector = require('./lib/core/connect');
exports.errors = require('./lib/core/errors');
`;

const parts = {
  name: 'parts',
  load: (id) => {
    if (OTHER_DRIVERS.test(id)) return { code: NO_DRIVER, moduleType: 'js' };
    return UNDICI.test(id) ? { code: UNDICI_PARTS, moduleType: 'js' } : undefined;
  },
  // It finds TypeORM while it runs: that would be another one than the one in here.
  transform: (code, id) => {
    if (!id.endsWith('@nestjs/typeorm/dist/common/typeorm-compat.js')) return undefined;
    if (!code.includes("require('typeorm')")) throw new Error('@nestjs/typeorm has changed: see how it finds TypeORM');
    return `import * as bundledTypeorm from 'typeorm';\n${code.replace("require('typeorm')", 'bundledTypeorm')}`;
  },
};

const escape = (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`;

if (readFileSync(MAIN, 'utf8') === LEADS[MAIN]) throw new Error('This is bundled already: npx nest build comes first.');
const build = await rolldown({
  input: {
    main: MAIN,
    cli: CLI,
    ...Object.fromEntries(THREADS.map((name) => [basename(name), `dist/src/${name}.js`])),
  },
  platform: 'node',
  external: EXTERNAL,
  plugins: [parts],
  onLog: (level, log, next) => {
    // Databases and engines that TypeORM and others would take if they were there.
    if (log.code !== 'UNRESOLVED_IMPORT' && log.id?.includes('node_modules') !== true) next(level, log);
  },
});
const { output } = await build.write({
  dir: 'dist/server',
  format: 'esm',
  entryFileNames: '[name].js',
  chunkFileNames: 'chunk-[name]-[hash].js',
  // Names of classes are names of providers and of migrations.
  keepNames: true,
  comments: false,
  cleanDir: true,
});
await build.close();
// One letter that is not Latin-1 makes V8 keep the whole text with two bytes a letter.
for (const { fileName } of output.filter(({ type }) => type === 'chunk')) {
  const file = join('dist/server', fileName);
  writeFileSync(file, readFileSync(file, 'utf8').replace(/[^\0-\x7e]/g, escape));
}
for (const [file, lead] of Object.entries(LEADS)) writeFileSync(file, lead);
