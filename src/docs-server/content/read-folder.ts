import { isUtf8 } from 'node:buffer';
import { type Dirent, lstatSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { isAbsolute, join, relative, sep } from 'node:path';

export const MAX_FILE_BYTES = 10 * 1024 * 1024;
export const MAX_PAGES = 50_000;
const MAX_DEPTH = 32;

/** The folders of skills, hidden or not. */
export const SKILL_FOLDERS: readonly string[] = ['.mintlify/skills', 'skills'];
export const IGNORE_FILE = '.mintignore';

/** Whether a file (relative to the folder) is a page: Markdown or MDX, outside hidden folders and `node_modules`. */
export function isPageFile(file: string): boolean {
  return /\.(md|mdx|markdown)$/i.test(file) && !isIgnored(file) && !isSkillFile(file);
}

/** Whether a file (relative to the folder) tells agents what they can do with the product. */
export function isSkillFile(file: string): boolean {
  return /^(?:skill\.md|(?:\.mintlify\/)?skills\/[^/]+\/skill\.md)$/i.test(file.replaceAll('\\', '/'));
}

/** Whether a path (relative to the folder) leads through a hidden folder or `node_modules`. */
export function isIgnored(path: string): boolean {
  return path.split(/[\\/]/).some((part) => part === 'node_modules' || part.startsWith('.'));
}

/** Whether a change of this path (relative to the folder) makes no difference. */
export function isUnwatched(path: string): boolean {
  const plain = path.replaceAll('\\', '/');
  if (plain === IGNORE_FILE || plain === '.mintlify') return false;
  return isIgnored(plain.replace(/^\.mintlify\/skills(\/|$)/, 'skills$1'));
}

/** The page files of a folder, in order, each with what tells one state of it from the next. */
export interface FolderScan {
  readonly versions: ReadonlyMap<string, string>;
  /** What could not be looked into, by path. */
  readonly faults: ReadonlyMap<string, string>;
}

/** Looks at every page file below a folder, without reading any. Links to folders are not followed. */
export function scanFolder(root: string, isWanted: (path: string, isFolder: boolean) => boolean = () => true): FolderScan {
  const walk = new Walk(root, isWanted);
  walk.enter('', 0);
  const { files, faults } = walk;
  if (files.length > MAX_PAGES) faults.set(root, `holds more than ${MAX_PAGES} pages; the rest is left out`);
  const served = files.sort().slice(0, MAX_PAGES);
  return { versions: new Map(served.map((file) => [file, versionOf(join(root, file))])), faults };
}

class Walk {
  readonly files: string[] = [];
  readonly faults = new Map<string, string>();

  constructor(
    private readonly root: string,
    private readonly isWanted: (path: string, isFolder: boolean) => boolean,
  ) {}

  enter(folder: string, depth: number): void {
    if (depth > MAX_DEPTH) return void this.faults.set(folder, `is deeper than ${MAX_DEPTH} folders; it is left out`);
    for (const entry of this.read(folder)) {
      // One more than is served tells that there are too many.
      if (this.files.length > MAX_PAGES) return;
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        if (!isIgnored(entry.name) && this.isWanted(path, true)) this.enter(path, depth + 1);
      } else if (isPageFile(path) && this.isWanted(path, false)) this.files.push(path);
    }
  }

  private read(folder: string): Dirent[] {
    try {
      return readdirSync(join(this.root, folder), { withFileTypes: true });
    } catch (error) {
      this.faults.set(folder || this.root, `cannot be read (${codeOf(error)}); pages are served as they appear`);
      return [];
    }
  }
}

/** What a file's contents depend on; empty where there is none. */
export function versionOf(path: string): string {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    return found ? `${found.mtimeMs}:${found.size}:${found.ino}` : '';
  } catch {
    // A link in a circle, or behind a door: reading it will tell which.
    return '';
  }
}

/** A file's text, what stands in the way of serving it, or neither where it is gone. */
export interface FileRead {
  readonly text?: string;
  readonly fault?: string;
  readonly changedAt?: number;
}

/** Reads one file. Refuses what leads out of the folder, is no plain file, is too large, or is not UTF-8. */
export function readFileOf(root: string, file: string, maxBytes = MAX_FILE_BYTES): FileRead {
  const path = join(root, file);
  try {
    return readText(root, path, maxBytes);
  } catch (error) {
    const code = codeOf(error);
    if (code !== 'ENOENT' && code !== 'ENOTDIR') return { fault: `cannot be read (${code})` };
    return isLink(path) ? { fault: 'is a link to nothing' } : {};
  }
}

function readText(root: string, path: string, maxBytes: number): FileRead {
  if (!staysInside(root, path)) return { fault: 'is a link that leads out of the folder' };
  const found = statSync(path);
  if (found.isDirectory()) return {};
  if (!found.isFile()) return { fault: 'is no plain file' };
  if (found.size > maxBytes) return { fault: `is larger than ${Math.round(maxBytes / (1024 * 1024))} MB` };
  const bytes = readFileSync(path);
  return isUtf8(bytes) ? { text: bytes.toString('utf8'), changedAt: found.mtimeMs } : { fault: 'is not UTF-8' };
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'unknown';

const isLink = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;

function staysInside(root: string, path: string): boolean {
  const inside = relative(realpathSync.native(root), realpathSync.native(path));
  return !isAbsolute(inside) && inside !== '..' && !inside.startsWith(`..${sep}`);
}
