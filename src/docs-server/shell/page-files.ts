import type { FsStat, IFileSystem } from 'just-bash';
import { posix } from 'node:path';

/** One page, as a file. */
export interface PageFile {
  readonly id: number;
  readonly bytes: number;
  readonly changedAt: number;
}

/** A folder: its files and folders by name. */
export type Folder = Map<string, PageFile | Folder>;

type DirentEntry = Awaited<ReturnType<NonNullable<IFileSystem['readdirWithFileTypes']>>>[number];

/** Makes folders of paths: the page `guides/install` is the file `/guides/install.md`. */
export function toFolder(pages: Iterable<PageFile & { readonly path: string }>): Folder {
  const root: Folder = new Map();
  for (const { path, id, bytes, changedAt } of pages) {
    const parts = path.split('/');
    const name = `${parts.pop() ?? path}.md`;
    let folder = root;
    for (const part of parts) folder = enter(folder, part);
    folder.set(name, { id, bytes, changedAt });
  }
  return root;
}

function enter(folder: Folder, name: string): Folder {
  const known = folder.get(name);
  if (known && isFolder(known)) return known;
  const made: Folder = new Map();
  folder.set(name, made);
  return made;
}

const MAX_PATH = 4096;

/** The pages of one reader as a file system. There is nothing else in it, and nothing can be written. */
export class PageFiles implements IFileSystem {
  constructor(
    private readonly root: Folder,
    private readonly read: (id: number) => string,
  ) {}

  readFile(path: string): Promise<string> {
    return this.answer(() => this.read(this.fileAt(path).id));
  }

  readFileBuffer(path: string): Promise<Uint8Array> {
    return this.answer(() => Buffer.from(this.read(this.fileAt(path).id), 'utf8'));
  }

  exists(path: string): Promise<boolean> {
    return Promise.resolve(this.find(path) !== undefined);
  }

  stat(path: string): Promise<FsStat> {
    return this.answer(() => statOf(this.at(path)));
  }

  lstat(path: string): Promise<FsStat> {
    return this.stat(path);
  }

  readdir(path: string): Promise<string[]> {
    return this.answer(() => [...this.folderAt(path).keys()].sort());
  }

  readdirWithFileTypes(path: string): Promise<DirentEntry[]> {
    return this.answer(() =>
      [...this.folderAt(path)]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, entry]) => ({ name, isFile: !(entry instanceof Map), isDirectory: entry instanceof Map, isSymbolicLink: false })),
    );
  }

  realpath(path: string): Promise<string> {
    return this.answer(() => {
      this.at(path);
      return normalize(path);
    });
  }

  resolvePath(base: string, path: string): string {
    return normalize(path.startsWith('/') ? path : `${base}/${path}`);
  }

  /** Every path, for patterns. */
  getAllPaths(): string[] {
    return ['/', ...pathsIn(this.root, '')];
  }

  writeFile = refuse;
  appendFile = refuse;
  mkdir = refuse;
  rm = refuse;
  cp = refuse;
  mv = refuse;
  chmod = refuse;
  symlink = refuse;
  link = refuse;
  utimes = refuse;

  readlink(path: string): Promise<string> {
    return Promise.reject(new Error(`EINVAL: invalid argument, readlink '${path}'`));
  }

  /** A fault is a rejection, as with files. */
  private answer<T>(make: () => T): Promise<T> {
    return Promise.resolve().then(make);
  }

  private find(path: string): PageFile | Folder | undefined {
    if (path.length > MAX_PATH) return undefined;
    let entry: PageFile | Folder | undefined = this.root;
    for (const part of normalize(path).split('/')) {
      if (part === '') continue;
      entry = entry && isFolder(entry) ? entry.get(part) : undefined;
    }
    return entry;
  }

  private at(path: string): PageFile | Folder {
    const entry = this.find(path);
    if (!entry) throw new Error(`ENOENT: no such file or directory, open '${path}'`);
    return entry;
  }

  private fileAt(path: string): PageFile {
    const entry = this.at(path);
    if (isFolder(entry)) throw new Error(`EISDIR: illegal operation on a directory, read '${path}'`);
    return entry;
  }

  private folderAt(path: string): Folder {
    const entry = this.at(path);
    if (!isFolder(entry)) throw new Error(`ENOTDIR: not a directory, scandir '${path}'`);
    return entry;
  }
}

const isFolder = (entry: PageFile | Folder): entry is Folder => entry instanceof Map;

const normalize = (path: string): string => posix.normalize(`/${path}`).replace(/(.)\/+$/, '$1');

const refuse = (path: string): Promise<never> => Promise.reject(new Error(`EROFS: read-only file system, open '${path}'`));

function* pathsIn(folder: Folder, base: string): Generator<string> {
  for (const [name, entry] of folder) {
    yield `${base}/${name}`;
    if (isFolder(entry)) yield* pathsIn(entry, `${base}/${name}`);
  }
}

function statOf(entry: PageFile | Folder): FsStat {
  const isDirectory = isFolder(entry);
  return {
    isFile: !isDirectory,
    isDirectory,
    isSymbolicLink: false,
    mode: isDirectory ? 0o555 : 0o444,
    size: isDirectory ? 0 : entry.bytes,
    mtime: new Date(isDirectory ? 0 : entry.changedAt),
  };
}
