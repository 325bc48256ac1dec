import { readFileSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';

const MAX_MANIFEST_BYTES = 1024 * 1024;
const MAX_NAME = 64;
const MAX_SUFFIX = 40;

/** The name of a documentation server: as configured, else `name` of the folder's `docs.json`, else the folder's own. */
export function docsName(dir: string, configured: string | undefined): string {
  const name = cleanName(configured) ?? cleanName(nameFromManifest(dir)) ?? cleanName(basename(resolve(dir)));
  return name ?? 'docs';
}

/** The part of a tool's name that comes from the server's: lower case letters, digits and `_`, at most 40. */
export function toolSuffix(name: string): string {
  const suffix = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+/, '')
    .slice(0, MAX_SUFFIX)
    .replace(/_+$/, '');
  return suffix || 'docs';
}

function nameFromManifest(dir: string): unknown {
  try {
    const path = join(dir, 'docs.json');
    if (statSync(path).size > MAX_MANIFEST_BYTES) return undefined;
    const manifest: unknown = JSON.parse(readFileSync(path, 'utf8').replace(/^\uFEFF/, ''));
    return typeof manifest === 'object' && manifest !== null && 'name' in manifest ? manifest.name : undefined;
  } catch {
    // There is none, or it is broken: the folder has a name as well.
    return undefined;
  }
}

function cleanName(name: unknown): string | undefined {
  if (typeof name !== 'string') return undefined;
  return (
    name
      .replace(/[\s\p{Cc}]+/gu, ' ')
      .trim()
      .slice(0, MAX_NAME)
      .trim() || undefined
  );
}
