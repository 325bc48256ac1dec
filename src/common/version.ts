import { readFileSync } from 'node:fs';

// The manifest is one folder above the sources, and two above what is built of them.
const manifest = ['../../package.json', '../../../package.json'].map((path) => new URL(path, import.meta.url)).find(isReadable);

/** The product's version, from its manifest. */
export const VERSION: string = manifest ? (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version : '0.0.0';

function isReadable(url: URL): boolean {
  try {
    return readFileSync(url, 'utf8').includes('"name": "gatehouse"');
  } catch {
    // It is not there: the other place is.
    return false;
  }
}
