import { mkdirSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import type { Access } from '../content/access.js';
import type { Section } from '../content/markdown.js';
import type { Page, PageHead } from '../content/page.js';
import { SEGMENT_FORMAT } from './segment.js';

/** Raise it whenever pages would come out otherwise: an index of another version is made anew. */
const VERSION = 2;

/** More than a page has sections. */
const SECTIONS_OF_PAGE = 8192;

/** The key of a section: that of a page and a number in one, which SQLite finds soonest. */
export const sectionId = (page: number, number: number): number => page * SECTIONS_OF_PAGE + number;

export const STORE_FORMAT = `${VERSION}-${SEGMENT_FORMAT}`;

const SCHEMA = `
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS kinds (
  id INTEGER PRIMARY KEY, access TEXT NOT NULL, groups TEXT NOT NULL, version TEXT NOT NULL, language TEXT NOT NULL,
  UNIQUE (access, groups, version, language));
CREATE TABLE IF NOT EXISTS files (
  file TEXT PRIMARY KEY, path TEXT NOT NULL, version TEXT NOT NULL, needs TEXT NOT NULL, page INTEGER, operation TEXT, warnings TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS pages (
  id INTEGER PRIMARY KEY AUTOINCREMENT, path TEXT NOT NULL, place INTEGER NOT NULL, title TEXT NOT NULL, description TEXT NOT NULL,
  keywords TEXT NOT NULL, kind INTEGER NOT NULL, changed INTEGER NOT NULL, bytes INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS pages_by_path ON pages (path);
CREATE INDEX IF NOT EXISTS pages_by_kind ON pages (kind);
CREATE INDEX IF NOT EXISTS pages_in_order ON pages (place, path);
CREATE TABLE IF NOT EXISTS sections (
  id INTEGER PRIMARY KEY, slug TEXT NOT NULL, heading TEXT NOT NULL, level INTEGER NOT NULL, source TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS skills (
  name TEXT PRIMARY KEY, description TEXT NOT NULL, access TEXT NOT NULL, groups TEXT NOT NULL, text TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS segments (id INTEGER PRIMARY KEY AUTOINCREMENT, size INTEGER NOT NULL, data BLOB NOT NULL);
`;

/** Who may see a page, its version and its language: few pages differ in that, so it is one number. */
export interface Kind {
  readonly access: Access;
  readonly groups: readonly string[];
  readonly version: string;
  readonly language: string;
}

/** Where a page stands in lists. */
export interface Place {
  readonly place: number;
  readonly path: string;
}

export const BEGINNING: Place = { place: -1, path: '' };

/** A page as it is listed. */
export interface ListedPage extends PageHead, Place {
  readonly id: number;
  /** When its file last changed; milliseconds since the Unix epoch. */
  readonly changedAt: number;
  readonly bytes: number;
}

export interface StoredSection {
  readonly number: number;
  readonly slug: string;
  readonly heading: string;
  readonly level: number;
  readonly source: string;
}

export interface StoredSkill {
  readonly name: string;
  readonly description: string;
  readonly access: Access;
  readonly groups: readonly string[];
  readonly text: string;
}

interface PageRow {
  readonly id: number;
  readonly place: number;
  readonly path: string;
  readonly title: string;
  readonly description: string;
  readonly keywords: string;
  readonly kind: number;
  readonly changed: number;
  readonly bytes: number;
}

interface SectionRow extends Omit<StoredSection, 'number'> {
  readonly id: number;
}

const toSection = ({ id, ...section }: SectionRow): StoredSection => ({ number: id % SECTIONS_OF_PAGE, ...section });

/** What is wrong with a file, as of its last reading. */
export interface FileWarning {
  readonly file: string;
  readonly warning: string;
}

/**
 * Opens the file of an index, to write or to read it. Everything in it can be made again, so nothing waits for the disk.
 * @throws where it is no index, or broken.
 */
export function openDatabase(file: string, mayWrite: boolean): Database.Database {
  if (mayWrite) mkdirSync(dirname(file), { recursive: true });
  const database = new Database(file, { readonly: !mayWrite, fileMustExist: !mayWrite, timeout: 5000 });
  if (!mayWrite) return database;
  try {
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = OFF');
    database.pragma('journal_size_limit = 16777216');
    database.exec(SCHEMA);
    const known = database.prepare("SELECT value FROM facts WHERE name = 'format'").pluck().get();
    if (known !== undefined && known !== STORE_FORMAT) throw new Error('The index has another format');
    database.prepare("INSERT OR IGNORE INTO facts VALUES ('format', ?)").run(STORE_FORMAT);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Removes an index that is of no use any more. */
export function removeStore(file: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(file + suffix, { force: true });
}

function identityOf(file: string): string {
  const found = statSync(file, { throwIfNoEntry: false });
  return found ? `${found.dev}:${found.ino}` : '';
}

/** The pages of an index, for those who read them. */
export class StoreReader {
  private readonly database: Database.Database;
  private kinds = new Map<number, Kind>();
  private readonly statements = new Map<string, Database.Statement>();

  private readonly identity: string;

  constructor(private readonly file: string) {
    this.database = openDatabase(file, false);
    this.identity = identityOf(file);
    this.readKinds();
  }

  /** Whether the file is still the one that was opened. */
  get isCurrent(): boolean {
    return identityOf(this.file) === this.identity;
  }

  /** What differs after every change that another connection made. */
  get state(): string {
    return String(this.database.pragma('data_version', { simple: true }));
  }

  close(): void {
    this.database.close();
  }

  /** Pages of a kind that came since must not be taken for another. */
  readKinds(): void {
    const rows = this.all('SELECT * FROM kinds') as { id: number; access: Access; groups: string; version: string; language: string }[];
    this.kinds = new Map(rows.map(({ id, groups, ...kind }) => [id, { ...kind, groups: JSON.parse(groups) as string[] }]));
  }

  get allKinds(): ReadonlyMap<number, Kind> {
    return this.kinds;
  }

  /** Those that a page has. */
  usedKinds(): Kind[] {
    return (this.all('SELECT DISTINCT kind FROM pages') as { kind: number }[]).flatMap(({ kind }) => this.kinds.get(kind) ?? []);
  }

  fact(name: string): string | undefined {
    return (this.one('SELECT value FROM facts WHERE name = ?', name) as { value: string } | undefined)?.value;
  }

  get pageCount(): number {
    return (this.one('SELECT count(*) AS count FROM pages') as { count: number } | undefined)?.count ?? 0;
  }

  pageIds(): number[] {
    return (this.all('SELECT id FROM pages') as { id: number }[]).map(({ id }) => id);
  }

  segments(): { id: number; size: number }[] {
    return this.all('SELECT id, size FROM segments ORDER BY id') as { id: number; size: number }[];
  }

  segment(id: number): Buffer | undefined {
    return (this.one('SELECT data FROM segments WHERE id = ?', id) as { data: Buffer } | undefined)?.data;
  }

  head(id: number): ListedPage | undefined {
    const row = this.one('SELECT * FROM pages WHERE id = ?', id) as PageRow | undefined;
    return row && this.toListed(row);
  }

  headAt(path: string): ListedPage | undefined {
    const row = this.one('SELECT * FROM pages WHERE path = ?', path) as PageRow | undefined;
    return row && this.toListed(row);
  }

  /**
   * Pages of these kinds, in the order of the navigation; what is not in it comes after, by path.
   * @param after the page after which to begin
   */
  heads(kinds: readonly number[], after: Place, limit: number): ListedPage[] {
    const rows = this.all(
      `SELECT * FROM pages WHERE (place, path) > (?, ?) AND kind IN (SELECT value FROM json_each(?)) ORDER BY place, path LIMIT ?`,
      ...[after.place, after.path, JSON.stringify(kinds), limit],
    );
    return (rows as PageRow[]).map((row) => this.toListed(row));
  }

  /** The same, of those whose title or path has this text in it, whatever the case. */
  headsWith(text: string, kinds: readonly number[], after: Place, limit: number): ListedPage[] {
    const rows = this.all(
      `SELECT * FROM pages WHERE (place, path) > (?, ?) AND kind IN (SELECT value FROM json_each(?))
         AND (instr(lower(title), lower(?)) > 0 OR instr(lower(path), lower(?)) > 0) ORDER BY place, path LIMIT ?`,
      ...[after.place, after.path, JSON.stringify(kinds), text, text, limit],
    );
    return (rows as PageRow[]).map((row) => this.toListed(row));
  }

  /** Pages of these kinds whose path begins so. */
  headsUnder(prefix: string, kinds: readonly number[], limit: number): ListedPage[] {
    const rows = this.all(
      `SELECT * FROM pages WHERE path >= ? AND path < ? AND kind IN (SELECT value FROM json_each(?)) ORDER BY path LIMIT ?`,
      ...[prefix, `${prefix}\u{10FFFF}`, JSON.stringify(kinds), limit],
    );
    return (rows as PageRow[]).map((row) => this.toListed(row));
  }

  section(page: number, number: number): StoredSection | undefined {
    const row = this.one('SELECT * FROM sections WHERE id = ?', sectionId(page, number));
    return row === undefined ? undefined : toSection(row as SectionRow);
  }

  sections(page: number): StoredSection[] {
    const rows = this.all('SELECT * FROM sections WHERE id >= ? AND id < ? ORDER BY id', sectionId(page, 0), sectionId(page + 1, 0));
    return (rows as SectionRow[]).map(toSection);
  }

  /** The whole page. */
  page(head: ListedPage): Page {
    const sections: Section[] = [];
    let body = '';
    for (const { slug, heading, level, source } of this.sections(head.id)) {
      sections.push({ slug, heading, level, start: body.length, end: body.length + source.length });
      body += source;
    }
    return { ...head, body, sections };
  }

  skills(): StoredSkill[] {
    const rows = this.all('SELECT * FROM skills ORDER BY name') as (Omit<StoredSkill, 'groups'> & { groups: string })[];
    return rows.map(({ groups, ...skill }) => ({ ...skill, groups: JSON.parse(groups) as string[] }));
  }

  warnings(limit: number): FileWarning[] {
    const rows = this.all("SELECT file, warnings FROM files WHERE warnings <> '[]' ORDER BY file LIMIT ?", limit) as {
      file: string;
      warnings: string;
    }[];
    return rows.flatMap(({ file, warnings }) => (JSON.parse(warnings) as string[]).map((warning) => ({ file, warning })));
  }

  private toListed({ keywords, kind, changed, ...row }: PageRow): ListedPage {
    // A kind that is not known yet shows its page to nobody.
    const known = this.kinds.get(kind) ?? { access: 'hidden' as const, groups: [], version: '', language: '' };
    const { id, place, path, title, description, bytes } = row;
    return { id, place, path, title, description, bytes, ...known, keywords: JSON.parse(keywords) as string[], changedAt: changed };
  }

  private one(sql: string, ...values: unknown[]): unknown {
    return this.statement(sql).get(...values);
  }

  private all(sql: string, ...values: unknown[]): unknown[] {
    return this.statement(sql).all(...values);
  }

  private statement(sql: string): Database.Statement {
    const known = this.statements.get(sql) ?? this.database.prepare(sql);
    this.statements.set(sql, known);
    return known;
  }
}
