import { realpathSync, statSync } from 'node:fs';
import { isAbsolute, relative, resolve, sep } from 'node:path';

/**
 * The folders that documentation servers may be made from: an admin of servers must not make the whole machine readable, so the
 * operator names them (`DOCS_DIR`, `DOCS_ROOTS`).
 */
export class DocsFolders {
  /** @param roots absolute; a relative path begins at the first. */
  constructor(private readonly roots: readonly string[]) {}

  /**
   * The absolute path of a folder within the roots, wherever links lead.
   * @throws {Error} naming what is wrong, but not what there is outside of them.
   */
  find(dir: string): string {
    const path = resolve(this.roots[0] ?? '.', dir);
    const root = this.roots.find((candidate) => isWithin(path, candidate));
    // Looked at before the disk is: whether something exists elsewhere is nobody's business here.
    if (root === undefined) throw new Error('it must lie within DOCS_DIR or one of DOCS_ROOTS');
    const real = realPath(path);
    if (real === undefined || !statSync(real).isDirectory()) throw new Error('there is no such folder');
    if (!this.roots.some((candidate) => isWithin(real, realPath(candidate) ?? candidate))) {
      throw new Error('it leads out of DOCS_DIR and DOCS_ROOTS');
    }
    return path;
  }
}

function isWithin(path: string, root: string): boolean {
  const way = relative(root, path);
  return way === '' || (!isAbsolute(way) && way !== '..' && !way.startsWith(`..${sep}`));
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    // It is not there, or not for us to see: either way there is nothing to be read.
    return undefined;
  }
}
