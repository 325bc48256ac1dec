// The client of the dashboard is typed by the application's own OpenAPI document. This starts the built application in process, on a
// database of its own, and writes those types; with --check it only compares, and fails where API and pages have drifted apart.
import { readFileSync, writeFileSync } from 'node:fs';
import openapiTS, { astToString } from 'openapi-typescript';
import { startBuilt } from './start-built.mjs';

const TARGET = 'dashboard/src/api/schema.ts';
const HEAD = '// Written by `npm run api` from the OpenAPI document. Do not edit.\n';

async function readDocument() {
  const { createDocument } = await import('../dist/src/http/swagger.js');
  const gatehouse = await startBuilt();
  try {
    return createDocument(gatehouse.app, gatehouse.config);
  } finally {
    await gatehouse.remove();
  }
}

const document = await readDocument();
// Of the document only what binds the pages: the admin API, and no prose, which may change without them.
document.paths = Object.fromEntries(Object.entries(document.paths).filter(([path]) => path.startsWith('/api/v1/')));
const PROSE = new Set(['description', 'summary', 'example', 'examples']);
// A property may have such a name too; its schema is an object.
const isProse = (value) => value === null || Array.isArray(value) || typeof value !== 'object';
const bare = JSON.parse(JSON.stringify(document), (key, value) => (PROSE.has(key) && isProse(value) ? undefined : value));
const types = HEAD + astToString(await openapiTS(bare, { alphabetize: true, defaultNonNullable: false }));
if (process.argv.includes('--check')) {
  if (readFileSync(TARGET, 'utf8') !== types) {
    console.error(`${TARGET} does not fit the OpenAPI document. Run \`npm run build && npm run api\`, mend the pages, and commit both.`);
    process.exit(1);
  }
  console.log(`${TARGET} fits the OpenAPI document.`);
} else {
  writeFileSync(TARGET, types);
  console.log(`Wrote ${TARGET}.`);
}
process.exit(0);
