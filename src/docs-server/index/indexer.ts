import { Folder, type Source } from '../content/folder.js';
import { type ApiOperation, splitOperationName } from '../content/openapi.js';
import { type ParsedPage, parsePage } from '../content/page.js';
import { splitSections } from '../content/markdown.js';
import { Warnings } from '../warnings.js';
import { mergeSegments, segmentsToMerge } from './merge-segments.js';
import { Segment } from './segment.js';
import { fieldsOf } from './section-fields.js';
import { SegmentWriter } from './segment-writer.js';
import { type KnownFile, StoreWriter } from './store-writer.js';

/** What has become visible to readers. */
export interface Commit {
  readonly addedSegments: readonly number[];
  readonly removedSegments: readonly number[];
  readonly removedPages: readonly number[];
}

export interface IndexerEvents {
  /** A file is about to be read, in this version; empty when none is. */
  reading(file: string, version: string): void;
  /** All that differs from what is known is out of the index, and about to be read. */
  checked(): void;
  committed(commit: Commit): void;
  warned(warning: string): void;
}

export interface IndexerOptions {
  readonly dir: string;
  readonly file: string;
  /** Files that once took too long, each with the version that did. */
  readonly tooSlow: ReadonlyMap<string, string>;
  readonly events: IndexerEvents;
}

const COMMIT_BYTES = 16 * 1024 * 1024;
const COMMIT_MS = 2000;
const TOO_SLOW = 'takes too long to be read, or too much memory';

/** What a source was made into. */
interface Made {
  readonly page?: ParsedPage;
  readonly fault?: string;
  readonly needs: Record<string, string>;
  readonly operation: string | null;
  readonly changedAt: number;
}

/** Keeps an index in step with a folder. It works in a thread of its own, so it simply waits for the disk. */
export class Indexer {
  private readonly store: StoreWriter;
  private readonly folder: Folder;
  private readonly known = new Map<string, KnownFile>();
  private readonly warnings: Warnings;
  private writer = new SegmentWriter();
  private pendingBytes = 0;
  private committedAt = 0;
  private hasLooked = false;
  private removedPages: number[] = [];
  private addedSegments: number[] = [];
  private removedSegments: number[] = [];

  constructor(private readonly options: IndexerOptions) {
    this.store = new StoreWriter(options.file);
    this.folder = new Folder({
      dir: options.dir,
      lastManifest: this.store.fact('manifest'),
      keepManifest: (json) => this.store.saveFact('manifest', json),
      mayRead: (file, version) => this.mayRead(file, version),
    });
    this.warnings = new Warnings((warning) => options.events.warned(warning));
    for (const file of this.store.files()) this.known.set(file.file, file);
  }

  close(): void {
    this.store.close();
  }

  /** Compares the folder with what is known of it, and takes over what differs. */
  look(now: number): void {
    this.committedAt = performance.now();
    const plan = this.folder.look();
    const { manifest, synonyms, skills } = plan;
    this.tellOfFolder(plan.files.length + plan.operations.length, plan.faults);
    this.forgetAllBut([...plan.files, ...plan.operations]);
    if (!this.hasLooked) this.dropWhatDiffers([...plan.files, ...plan.operations]);
    for (const candidates of byPath(plan.files)) this.settle(candidates);
    this.addOperations(plan.operations);
    this.save('synonyms', synonyms);
    this.save('name', manifest.name ?? '');
    this.save('description', manifest.description ?? '');
    this.save('faults', JSON.stringify([...plan.faults]));
    if (this.save('skills', JSON.stringify(skills))) this.store.saveSkills(skills);
    this.store.saveFact('indexedAt', String(now));
    this.options.events.reading('', '');
    this.flush();
    this.merge();
    this.commit();
  }

  /** Tells that a file is read now; false for one that once took too long. */
  private mayRead(file: string, version: string): boolean {
    if (this.options.tooSlow.get(file) === version) return false;
    this.options.events.reading(file, version);
    return true;
  }

  /** While nobody looked, a page may have become one that fewer people may see: it is not served as it was. */
  private dropWhatDiffers(sources: readonly Source[]): void {
    for (const { id, version } of sources) {
      const known = this.known.get(id);
      if (!known?.page || (known.version === version && this.hasWhatItNeeds(known))) continue;
      this.dropPage(known.page);
      this.keep({ ...known, version: '', page: null });
    }
    this.hasLooked = true;
    this.commit();
    this.options.events.checked();
  }

  /** Whether it is news. */
  private save(name: string, value: string): boolean {
    if (this.store.fact(name) === value) return false;
    this.store.saveFact(name, value);
    return true;
  }

  private tellOfFolder(count: number, faults: ReadonlyMap<string, string>): void {
    const { dir } = this.options;
    if (count > 0 && !faults.has(dir)) this.warnings.forget(dir);
    for (const [path, fault] of faults) this.warnings.tell(path, fault, [fault]);
    if (count === 0 && faults.size === 0) this.warnings.tell(dir, 'empty', ['holds no Markdown yet; pages are served as they appear']);
  }

  private forgetAllBut(sources: readonly Source[]): void {
    const wanted = new Set(sources.map(({ id }) => id));
    for (const file of [...this.known.values()]) if (!wanted.has(file.file)) this.forget(file);
  }

  private forget({ file, page }: KnownFile): void {
    this.warnings.forget(file);
    this.dropPage(page);
    this.known.delete(file);
    this.store.removeFile(file);
  }

  /** Of sources that share a path, in order, the first that can be served is the page. */
  private settle(candidates: readonly Source[]): void {
    const first = candidates[0];
    if (candidates.length > 1 && first) {
      const names = candidates.map(({ id }) => id);
      this.warnings.tell(first.path, names.join(), [`is the path of ${names.join(' and ')}; the first one is served`]);
    }
    let isServed = false;
    for (const source of candidates) {
      if (isServed) this.passOver(source);
      else isServed = this.serve(source);
    }
  }

  private passOver({ id, path }: Source): void {
    const known = this.known.get(id);
    if (known?.version === 'second') return;
    this.dropPage(known?.page ?? null);
    this.keep({ file: id, path, version: 'second', needs: {}, page: null, operation: null, warnings: [] });
  }

  /** Whether the source is a page now. */
  private serve(source: Source): boolean {
    const known = this.known.get(source.id);
    if (known && known.version === source.version && this.hasWhatItNeeds(known)) {
      this.warnings.tell(source.id, source.version, known.warnings);
      return known.page !== null;
    }
    const made = this.make(source);
    this.dropPage(known?.page ?? null);
    if (!made.page && made.fault === undefined) {
      if (known) this.forget({ ...known, page: null });
      return false;
    }
    this.place(source, made);
    if (this.isTimeToCommit) {
      this.flush();
      this.commit();
    }
    return made.page !== undefined;
  }

  private place(source: Source, made: Made): void {
    const { id, path, version } = source;
    const { needs, operation, page, fault } = made;
    const own = page ? page.warnings : [`${fault ?? ''}; it is left out`];
    const number = page && page.access !== 'hidden' ? this.addPage(source, page, made.changedAt) : null;
    // What is hidden is kept out of the index altogether, and yet it is the page of its path.
    this.keep({ file: id, path, version, needs, page: page ? (number ?? 0) : null, operation, warnings: own });
    this.warnings.tell(id, version, own);
  }

  private make(source: Source): Made {
    const { id, path, entry, operation, version } = source;
    const needs: Record<string, string> = {};
    const nothing = { needs, operation: null, changedAt: Date.now() };
    try {
      if (!this.mayRead(id, version)) return { ...nothing, fault: TOO_SLOW };
      if (operation) return { ...nothing, page: toPage(path, operation, entry) };
      const { text, fault, changedAt = 0 } = this.folder.read(id);
      if (text === undefined) return fault === undefined ? nothing : { ...nothing, fault };
      let covered: string | null = null;
      const page = parsePage({
        file: id,
        text,
        entry,
        snippets: { file: id, read: (path) => this.readNeeded(path, needs) },
        operation: (name) => {
          const found = this.findOperation(name, needs);
          covered = found.id ?? null;
          return found;
        },
      });
      return { page, needs, operation: covered, changedAt };
    } catch (error) {
      return { ...nothing, fault: `cannot be indexed (${(error as Error).message.slice(0, 200)})` };
    }
  }

  private readNeeded(path: string, needs: Record<string, string>): string | undefined {
    needs[path] = this.folder.versionOf(path);
    return this.folder.read(path).text;
  }

  private findOperation(text: string, needs: Record<string, string>): { id?: string; markdown?: string; fault?: string } {
    const asked = splitOperationName(text);
    if (!asked) return { fault: `openapi must name an operation, as "GET /users", in its front matter` };
    const files = asked.source === undefined ? this.folder.specificationFiles : [asked.source.replace(/^\/+/, '')];
    for (const file of files) {
      needs[file] = this.folder.versionOf(file);
      const operation = this.folder.specification(file).value.find(({ name }) => name === asked.name);
      if (operation) return { id: `${file}#${operation.name}`, markdown: operation.markdown.replace(/^# .*\n+/, '') };
    }
    return { fault: `no specification has the operation ${asked.name}` };
  }

  private hasWhatItNeeds({ needs }: KnownFile): boolean {
    return Object.entries(needs).every(([file, version]) => this.folder.versionOf(file) === version);
  }

  /** An operation that a page is about has that page. */
  private addOperations(operations: readonly Source[]): void {
    const files = [...this.known.values()].filter(({ file, page }) => !file.includes('#') && page !== null);
    const covered = new Set(files.map(({ operation }) => operation));
    const taken = new Set(files.map(({ path }) => path));
    for (const candidates of byPath(operations)) {
      for (const source of candidates) {
        if (covered.has(source.id) || taken.has(source.path)) this.passOver(source);
        else if (this.serve(source)) taken.add(source.path);
      }
    }
  }

  private addPage({ place }: Source, page: ParsedPage, changedAt: number): number {
    const kind = this.store.kindOf(page);
    const sections = page.sections.map(({ slug, heading, level, start, end }, number) => {
      return { number, slug, heading, level, source: page.body.slice(start, end) };
    });
    const id = this.store.addPage({ head: page, place, changedAt, sections }, kind);
    for (const entry of fieldsOf(page)) {
      if (this.writer.isFull) this.flush();
      this.writer.add({ page: id, kind, language: page.language, ...entry });
    }
    this.pendingBytes += page.body.length;
    return id;
  }

  private dropPage(page: number | null): void {
    if (!page) return;
    this.store.removePage(page);
    this.removedPages.push(page);
  }

  private keep(file: KnownFile): void {
    this.known.set(file.file, file);
    this.store.saveFile(file);
  }

  private get isTimeToCommit(): boolean {
    return this.pendingBytes > COMMIT_BYTES || performance.now() - this.committedAt > COMMIT_MS;
  }

  private flush(): void {
    if (this.writer.size > 0) this.addedSegments.push(this.store.addSegment(this.writer.size, this.writer.finish()));
    this.writer = new SegmentWriter();
    this.pendingBytes = 0;
  }

  private merge(): void {
    if (this.addedSegments.length === 0 && this.removedPages.length === 0) return;
    const pages = this.store.pageIds();
    const isPage = (page: number): boolean => pages.has(page);
    const sizes = this.store.segments().map(({ id, size }) => ({ id, size, alive: this.aliveIn(id, isPage) }));
    const chosen = segmentsToMerge(sizes);
    if (chosen.length === 0) return;
    const merged = mergeSegments(
      chosen.map((id) => this.store.segment(id)),
      isPage,
    );
    for (const id of chosen) this.store.removeSegment(id);
    this.removedSegments.push(...chosen);
    if (merged) this.addedSegments.push(this.store.addSegment(merged.size, merged.data));
  }

  private aliveIn(id: number, isPage: (page: number) => boolean): number {
    const segment = new Segment(this.store.segment(id));
    let alive = 0;
    for (let document = 0; document < segment.size; document++) if (isPage(segment.pageOf(document))) alive++;
    return alive;
  }

  private commit(): void {
    this.store.commit();
    this.committedAt = performance.now();
    const { addedSegments, removedSegments, removedPages } = this;
    [this.addedSegments, this.removedSegments, this.removedPages] = [[], [], []];
    this.options.events.committed({ addedSegments, removedSegments, removedPages });
  }
}

/** The sources of each path, in order: an index goes before a README, which is often there for readers of the repository only. */
function byPath(sources: readonly Source[]): Source[][] {
  const paths = new Map<string, Source[]>();
  for (const source of sources) {
    const list = paths.get(source.path);
    if (list) list.push(source);
    else paths.set(source.path, [source]);
  }
  for (const list of paths.values()) if (list.length > 1) list.sort(byPrecedence);
  return [...paths.values()];
}

function byPrecedence({ id: a }: Source, { id: b }: Source): number {
  const [isReadmeA, isReadmeB] = [/readme\.\w+$/i.test(a), /readme\.\w+$/i.test(b)];
  return Number(isReadmeA) - Number(isReadmeB) || (a < b ? -1 : 1);
}

function toPage(path: string, { title, description, markdown }: ApiOperation, entry: Source['entry']): ParsedPage {
  const { version = '', language = '', isPublic = false } = entry ?? {};
  const access = isPublic ? 'public' : 'default';
  const sections = splitSections(markdown);
  return {
    path,
    title,
    description,
    keywords: [],
    groups: [],
    access,
    version,
    language,
    body: markdown,
    sections,
    warnings: [],
    openapi: undefined,
  };
}
