import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import MiniSearch from 'minisearch';
import { readFileSync } from 'node:fs';
import { parsePage } from '../../src/docs-server/content/page.js';
import { scanFolder } from '../../src/docs-server/content/read-folder.js';
import { DocsLibrary } from '../../src/docs-server/docs-library.js';

/** Answers a question with the addresses of sections, best first. */
export interface Engine {
  readonly name: string;
  search(query: string, limit: number): string[];
  close(): Promise<void> | void;
}

export interface SectionDocument {
  readonly id: string;
  readonly title: string;
  readonly heading: string;
  readonly text: string;
}

/** The sections of a folder, as all engines get them. */
export function sectionsOf(dir: string): SectionDocument[] {
  return [...scanFolder(dir).versions.keys()].flatMap((file) => {
    const page = parsePage({ file, text: readFileSync(join(dir, file), 'utf8') });
    return page.sections.map(({ slug, heading, text }) => ({ id: `${page.path}#${slug}`, title: page.title, heading, text }));
  });
}

/** MiniSearch as its documentation shows it: fields, weights of title and heading, beginnings of words and typing errors. */
export function miniSearch(sections: readonly SectionDocument[]): Engine {
  const index = new MiniSearch<SectionDocument>({
    fields: ['title', 'heading', 'text'],
    searchOptions: { boost: { title: 2, heading: 3 }, prefix: true, fuzzy: 0.2 },
  });
  index.addAll(sections.map((section) => section));
  return {
    name: 'MiniSearch',
    search: (query, limit) =>
      index
        .search(query)
        .slice(0, limit)
        .map(({ id }) => String(id)),
    close: () => undefined,
  };
}

/** SQLite FTS5 with its Porter stemmer and bm25, weighing title and heading. */
export function fts5(sections: readonly SectionDocument[]): Engine {
  const database = new Database(':memory:');
  database.exec("CREATE VIRTUAL TABLE docs USING fts5(id UNINDEXED, title, heading, text, tokenize = 'porter unicode61')");
  const insert = database.prepare('INSERT INTO docs VALUES (?, ?, ?, ?)');
  for (const { id, title, heading, text } of sections) insert.run(id, title, heading, text);
  const select = database.prepare('SELECT id FROM docs WHERE docs MATCH ? ORDER BY bm25(docs, 0, 2, 3, 1) LIMIT ?').pluck();
  const toMatch = (query: string): string => (query.match(/[\p{L}\p{N}_]+/gu) ?? []).map((word) => `"${word}"`).join(' OR ');
  return { name: 'FTS5 bm25', search: (query, limit) => select.all(toMatch(query), limit) as string[], close: () => void database.close() };
}

/** Ours, as it is served. */
export async function gatehouse(dir: string): Promise<Engine> {
  const place = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'));
  const library = new DocsLibrary({ dir, indexFile: join(place, 'index.sqlite'), allPublic: true, warn: () => undefined });
  await library.open();
  if (library.status().pages === 0) throw new Error(`${dir} was not indexed`);
  return {
    name: 'Gatehouse',
    search: (query, limit) =>
      library.search({ query, limit }, { audience: 'public', groups: [] }).map(({ path, link }) => `${path}#${link.split('#')[1] ?? ''}`),
    close: async () => {
      await library.close();
      rmSync(place, { recursive: true, force: true });
    },
  };
}
