import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { removeUnused } from './claim-index.js';

/** What belongs to one index (id of its server, digest of its settings), by the index's own name. Nothing else is touched. */
const FILE_OF_INDEX = /^([0-9A-Z]{26}-[0-9a-f]{16})\.(?:sqlite(?:-wal|-shm|-journal|\.lock)?|checkout)$/;

/**
 * Removes the indexes and checkouts in a folder that are neither wanted nor in use, by this process or another one. Everything in
 * them can be made again.
 * @param wanted the files of indexes that stay.
 * @returns the files of the indexes that were removed.
 */
export async function removeStaleIndexes(folder: string, wanted: ReadonlySet<string>): Promise<string[]> {
  const names = new Set((await namesIn(folder)).flatMap((name) => FILE_OF_INDEX.exec(name)?.[1] ?? []));
  const removed: string[] = [];
  for (const name of names) {
    const file = join(folder, `${name}.sqlite`);
    if (!wanted.has(file) && (await removeUnused(file))) removed.push(file);
  }
  return removed;
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
