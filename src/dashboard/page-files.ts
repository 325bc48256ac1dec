import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
};
const MAX_BYTES = 64 * 1024 * 1024;

export const CODINGS = ['br', 'gzip'] as const;
export type Coding = (typeof CODINGS)[number];
const SUFFIXES: Readonly<Record<Coding, string>> = { br: '.br', gzip: '.gz' };

/** A file of the dashboard, as it goes out. */
export interface PageFile {
  readonly type: string;
  readonly etag: string;
  readonly body: Buffer;
  /** The same, compressed when it was built. */
  readonly encoded: Readonly<Partial<Record<Coding, Buffer>>>;
  /** Whether its name changes with its content, so that it can be kept for ever. */
  readonly isHashed: boolean;
}

/**
 * The built pages by their path below `/dashboard/`, read once: what is not in here cannot be asked for. Undefined where they
 * are not built.
 * @throws {Error} where they are larger than any dashboard.
 */
export function readPageFiles(dir: string): ReadonlyMap<string, PageFile> | undefined {
  if (!existsSync(join(dir, 'index.html'))) return undefined;
  const files = new Map<string, PageFile>();
  let bytes = 0;
  for (const path of listFiles(dir)) {
    const type = TYPES[extname(path)];
    if (type === undefined) continue;
    const file = readPageFile(join(dir, path), type, path);
    bytes += file.body.length;
    if (bytes > MAX_BYTES) throw new Error(`${dir} holds more than ${MAX_BYTES} bytes of pages.`);
    files.set(path.split(sep).join('/'), file);
  }
  return files;
}

/** Nothing that begins with a dot: a build keeps its own notes there. */
function listFiles(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(dir, join(entry.parentPath, entry.name)))
    .filter((path) => !path.split(sep).some((part) => part.startsWith('.')));
}

function readPageFile(file: string, type: string, path: string): PageFile {
  const body = readFileSync(file);
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  const codings = CODINGS.filter((coding) => existsSync(file + SUFFIXES[coding]));
  const encoded = Object.fromEntries(codings.map((coding) => [coding, readFileSync(file + SUFFIXES[coding])]));
  return { type, etag, body, encoded, isHashed: path.startsWith(`assets${sep}`) };
}
