import type Database from 'better-sqlite3';
import type { PageHead } from '../content/page.js';
import { openDatabase, sectionId, type StoredSection, type StoredSkill } from './store.js';

/** What is known of a file from its last reading. */
export interface KnownFile {
  readonly file: string;
  /** The path of its page. */
  readonly path: string;
  /** What tells one state of it from the next. */
  readonly version: string;
  /** The files that it was made from besides itself, each with its version. */
  readonly needs: Readonly<Record<string, string>>;
  /** The number of its page; null where it has none. */
  readonly page: number | null;
  /** The operation that it is about: specification and name. */
  readonly operation: string | null;
  readonly warnings: readonly string[];
}

export interface NewPage {
  readonly head: PageHead;
  readonly place: number;
  readonly changedAt: number;
  readonly sections: readonly StoredSection[];
}

const MAX_KINDS = 60_000;

/** Writes an index. All that is written between two calls of {@link commit} is seen by readers at once. */
export class StoreWriter {
  private readonly database: Database.Database;
  private readonly kinds = new Map<string, number>();
  private readonly statements = new Map<string, Database.Statement>();

  constructor(file: string) {
    this.database = openDatabase(file, true);
    for (const row of this.database.prepare('SELECT * FROM kinds').all() as Record<string, unknown>[]) {
      this.kinds.set(JSON.stringify([row['access'], row['groups'], row['version'], row['language']]), Number(row['id']));
    }
  }

  begin(): void {
    if (!this.database.inTransaction) this.database.exec('BEGIN IMMEDIATE');
  }

  commit(): void {
    if (this.database.inTransaction) this.database.exec('COMMIT');
  }

  close(): void {
    if (this.database.inTransaction) this.database.exec('ROLLBACK');
    this.database.close();
  }

  files(): KnownFile[] {
    const rows = this.database.prepare('SELECT * FROM files').all() as (Omit<KnownFile, 'needs' | 'warnings'> & {
      needs: string;
      warnings: string;
    })[];
    return rows.map(({ needs, warnings, ...row }) => ({
      ...row,
      needs: JSON.parse(needs) as Record<string, string>,
      warnings: JSON.parse(warnings) as string[],
    }));
  }

  saveFile({ file, path, version, needs, page, operation, warnings }: KnownFile): void {
    this.run(
      'INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?)',
      file,
      path,
      version,
      JSON.stringify(needs),
      page,
      operation,
      JSON.stringify(warnings),
    );
  }

  removeFile(file: string): void {
    this.run('DELETE FROM files WHERE file = ?', file);
  }

  fact(name: string): string | undefined {
    return this.statement('SELECT value FROM facts WHERE name = ?').pluck().get(name) as string | undefined;
  }

  saveFact(name: string, value: string): void {
    this.run('INSERT OR REPLACE INTO facts VALUES (?, ?)', name, value);
  }

  /** The number of a kind. */
  kindOf({ access, groups, version, language }: PageHead): number {
    const values = [access, JSON.stringify([...groups].sort()), version, language];
    const key = JSON.stringify(values);
    const known = this.kinds.get(key);
    if (known !== undefined) return known;
    if (this.kinds.size >= MAX_KINDS) throw new Error('there are too many combinations of groups, versions and languages');
    const id = Number(this.run('INSERT INTO kinds (access, groups, version, language) VALUES (?, ?, ?, ?)', ...values).lastInsertRowid);
    this.kinds.set(key, id);
    return id;
  }

  /** The number of the page. */
  addPage({ head, place, changedAt, sections }: NewPage, kind: number): number {
    const { path, title, description, keywords } = head;
    const bytes = sections.reduce((sum, { source }) => sum + Buffer.byteLength(source), 0);
    const page = Number(
      this.run(
        'INSERT INTO pages (path, place, title, description, keywords, kind, changed, bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
        ...[path, place, title, description, JSON.stringify(keywords), kind, Math.round(changedAt), bytes],
      ).lastInsertRowid,
    );
    for (const { number, slug, heading, level, source } of sections) {
      this.run('INSERT INTO sections VALUES (?, ?, ?, ?, ?)', sectionId(page, number), slug, heading, level, source);
    }
    return page;
  }

  removePage(page: number): void {
    this.run('DELETE FROM sections WHERE id >= ? AND id < ?', sectionId(page, 0), sectionId(page + 1, 0));
    this.run('DELETE FROM pages WHERE id = ?', page);
  }

  saveSkills(skills: readonly StoredSkill[]): void {
    this.run('DELETE FROM skills');
    for (const { name, description, access, groups, text } of skills) {
      this.run('INSERT INTO skills VALUES (?, ?, ?, ?, ?)', name, description, access, JSON.stringify(groups), text);
    }
  }

  segments(): { id: number; size: number }[] {
    return this.statement('SELECT id, size FROM segments ORDER BY id').all() as { id: number; size: number }[];
  }

  segment(id: number): Buffer {
    return this.statement('SELECT data FROM segments WHERE id = ?').pluck().get(id) as Buffer;
  }

  addSegment(size: number, data: Buffer): number {
    return Number(this.run('INSERT INTO segments (size, data) VALUES (?, ?)', size, data).lastInsertRowid);
  }

  removeSegment(id: number): void {
    this.run('DELETE FROM segments WHERE id = ?', id);
  }

  pageIds(): Set<number> {
    return new Set(this.statement('SELECT id FROM pages').pluck().all() as number[]);
  }

  private run(sql: string, ...values: unknown[]): Database.RunResult {
    this.begin();
    return this.statement(sql).run(...values);
  }

  private statement(sql: string): Database.Statement {
    const known = this.statements.get(sql) ?? this.database.prepare(sql);
    this.statements.set(sql, known);
    return known;
  }
}
