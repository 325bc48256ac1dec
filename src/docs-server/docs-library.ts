import { mayRead, type Reader, type Visibility, visibilityOf } from './content/access.js';
import type { Page } from './content/page.js';
import { linkOf } from './content/page-path.js';
import { plainText } from './content/markdown.js';
import { FolderWatch } from './folder-watch.js';
import { claimIndex, type IndexClaim, prepare } from './index/claim-index.js';
import { IndexerThread } from './index/indexer-thread.js';
import type { Commit } from './index/indexer.js';
import { parseQuery } from './index/query.js';
import { type Found, rank } from './index/ranking.js';
import { type Candidate, SearchIndex } from './index/search-index.js';
import { snippetOf } from './index/snippet.js';
import { stemmingLanguage } from './index/stemmers.js';
import {
  BEGINNING,
  type FileWarning,
  type Kind,
  type ListedPage,
  type Place,
  removeStore,
  type StoredSkill,
  StoreReader,
} from './index/store.js';
import { NO_SYNONYMS, parseSynonyms, type Synonyms } from './index/synonyms.js';
import { wordsOf } from './index/words.js';
import { Warnings } from './warnings.js';

export interface LibraryOptions {
  /** The folder; or where it is, told by where the index is. */
  readonly dir: string | ((indexFile: string) => string);
  /** Where the index is kept. All of it can be made again. */
  readonly indexFile: string;
  /** Shows every page to everybody, less those that are hidden, have groups, say otherwise, or whose front matter cannot be read. */
  readonly allPublic: boolean;
  /** Told once for each version of a file that something is wrong with. */
  readonly warn: (warning: string) => void;
  /** Whether the folder is followed by itself, or looked at only when it is asked for; true unless said. */
  readonly isWatched?: boolean;
  /** How long one file may take to be read. */
  readonly fileLimitMs?: number;
}

export interface SearchRequest {
  readonly query: string;
  readonly limit: number;
  /** Only pages of this version, and those of none; undefined for all. */
  readonly version?: string | undefined;
  readonly language?: string | undefined;
}

export interface Hit {
  readonly title: string;
  readonly path: string;
  readonly heading: string;
  readonly link: string;
  readonly snippet: string;
  readonly version?: string;
  readonly language?: string;
}

/** Which pages those who run it look for; what is undefined does not matter. */
export interface PageFilter {
  /** In the title or the path. */
  readonly text?: string | undefined;
  readonly version?: string | undefined;
  readonly language?: string | undefined;
  readonly visibility?: Visibility | undefined;
}

/** How a library is, for those who run it. */
export interface LibraryStatus {
  readonly dir: string;
  readonly pages: number;
  readonly sections: number;
  readonly isIndexing: boolean;
  /** Milliseconds since the Unix epoch; null before the first time. */
  readonly indexedAt: number | null;
  /** What is wrong with the folder as a whole. */
  readonly faults: readonly FileWarning[];
  /** What is wrong with single files. */
  readonly warnings: readonly FileWarning[];
}

/** Editors and checkouts write in bursts. */
const SETTLE_MS = 100;
const FILE_LIMIT_MS = 10_000;
const MAX_HITS_OF_PAGE = 3;
/** So many are looked at closely; as many again for each that is asked for beyond the usual. */
const CANDIDATES = 40;
const MAX_WARNINGS = 500;
const PAGES_AT_ONCE = 500;
/** Where in a long section words were found is looked for in here. */
const SNIPPET_WINDOW = 4000;

/** The pages of a folder, searchable, following the folder while running. Every answer is for one reader. */
export class DocsLibrary {
  readonly dir: string;
  private readonly index = new SearchIndex();
  private readonly claim: IndexClaim;
  private readonly thread: IndexerThread;
  private readonly watch: FolderWatch;
  private readonly warnings: Warnings;
  private store: StoreReader;
  private synonyms: Synonyms = NO_SYNONYMS;
  private synonymsText = '';
  private languages: readonly string[] = ['en'];
  private timer: NodeJS.Timeout | undefined;
  private looking = 0;
  private commits = 0;
  private isClosed = false;
  private becomeReady: () => void = () => undefined;

  /** Resolves when all that is served is as it should be, if not yet all that there is. */
  readonly ready = new Promise<void>((resolve) => (this.becomeReady = resolve));

  constructor(private readonly options: LibraryOptions) {
    const { indexFile, warn, fileLimitMs = FILE_LIMIT_MS } = options;
    this.warnings = new Warnings(warn);
    this.claim = claimIndex(indexFile);
    const dir = typeof options.dir === 'string' ? options.dir : options.dir(this.claim.file);
    this.dir = dir;
    if (this.claim.reason) this.warnings.tell(indexFile, '', [`is not used, a temporary index is (${this.claim.reason})`]);
    this.store = new StoreReader(this.claim.file);
    this.load();
    this.thread = new IndexerThread({
      dir,
      file: this.claim.file,
      fileLimitMs,
      onCommit: (commit) => this.take(commit),
      // An index from before is served as soon as it is known to be right; where there was none, there is nothing to serve yet.
      onChecked: () => this.index.size > 0 && this.becomeReady(),
      onWarning: warn,
      onBroken: (error) => this.startAnew(error),
    });
    this.watch = new FolderWatch(dir, {
      onChange: () => this.schedule(),
      onError: (error) => this.warnings.tell(dir, '', [`some changes are noticed late only (${error.message})`]),
    });
  }

  /** Reads and indexes the folder, then follows it. A folder that is missing may appear later. Never rejects. */
  async open(): Promise<void> {
    await this.look();
    try {
      if (!this.isClosed && (this.options.isWatched ?? true)) await this.watch.start();
    } catch (error) {
      this.fail(error);
    }
  }

  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    clearTimeout(this.timer);
    await this.watch.stop();
    await this.thread.close();
    this.becomeReady();
    this.store.close();
    this.claim.release();
  }

  /** Looks at the folder now. */
  async look(): Promise<void> {
    this.looking++;
    try {
      await this.thread.look();
    } catch (error) {
      this.fail(error);
    } finally {
      this.looking--;
      this.becomeReady();
    }
  }

  /** The best sections first; the same question always gets the same order. A page has no more than three until others run out. */
  search({ query: text, limit, version, language }: SearchRequest, reader: Reader): Hit[] {
    if (this.isClosed) return [];
    const query = parseQuery(text, { languages: this.languages, synonyms: this.synonyms });
    if (query.concepts.length === 0) return [];
    const isAllowed = (kind: number): boolean => {
      const known = this.store.allKinds.get(kind);
      return known !== undefined && this.mayRead(known, reader) && isOf(known.version, version) && isOf(known.language, language);
    };
    const candidates = this.index.search(query, Math.max(CANDIDATES, 4 * limit), isAllowed);
    const found = rank(
      candidates.flatMap((candidate) => this.findContent(candidate)),
      query,
    );
    const words = wordsOf(text);
    return choose(found, limit).map((hit) => toHit(hit, words));
  }

  /** The page with this path, if this reader may see it. */
  find(path: string, reader: Reader): Page | undefined {
    if (this.isClosed) return undefined;
    const head = this.store.headAt(path);
    return head && this.mayRead(head, reader) ? this.store.page(head) : undefined;
  }

  /** What this reader may see, in the order of the navigation, from after a place on. */
  list(reader: Reader, limit: number, after: Place = BEGINNING): ListedPage[] {
    return this.isClosed ? [] : this.store.heads(this.kindsFor(reader), after, limit);
  }

  /** What this reader may see whose path begins so. */
  listUnder(prefix: string, reader: Reader, limit: number): ListedPage[] {
    return this.isClosed ? [] : this.store.headsUnder(prefix, this.kindsFor(reader), limit);
  }

  /** Every page that is served to somebody, whoever that is, in the order of the navigation: for those who run it. */
  browse({ text = '', version, language, visibility }: PageFilter, after: Place, limit: number): ListedPage[] {
    if (this.isClosed) return [];
    const isWanted = (kind: Kind): boolean =>
      kind.access !== 'hidden' &&
      (version === undefined || kind.version === version) &&
      (language === undefined || kind.language === language) &&
      (visibility === undefined || this.visibilityOf(kind) === visibility);
    const kinds = [...this.store.allKinds].flatMap(([id, kind]) => (isWanted(kind) ? [id] : []));
    return this.store.headsWith(text, kinds, after, limit);
  }

  /** What pages that are served differ in. */
  variety(): { readonly versions: string[]; readonly languages: string[] } {
    const kinds = this.isClosed ? [] : this.store.usedKinds();
    const of = (values: readonly string[]): string[] => [...new Set(values)].filter((value) => value !== '').sort();
    return { versions: of(kinds.map(({ version }) => version)), languages: of(kinds.map(({ language }) => language)) };
  }

  visibilityOf(what: Pick<Kind, 'access' | 'groups'>): Visibility {
    return visibilityOf(what, this.options.allPublic);
  }

  /** Every page that this reader may see, whole, one after the other. */
  *pages(reader: Reader): Generator<Page> {
    let after = BEGINNING;
    for (;;) {
      const heads = this.list(reader, PAGES_AT_ONCE, after);
      for (const head of heads) if (!this.isClosed) yield this.store.page(head);
      const last = heads.at(-1);
      if (!last) return;
      after = last;
    }
  }

  skills(reader: Reader): StoredSkill[] {
    return this.isClosed ? [] : this.store.skills().filter((skill) => this.mayRead(skill, reader));
  }

  /** The versions of what this reader may see, in order. */
  versions(reader: Reader): string[] {
    return this.distinct(reader, ({ version }) => version);
  }

  languagesOf(reader: Reader): string[] {
    return this.distinct(reader, ({ language }) => language);
  }

  /** What the manifest says of the whole. */
  get description(): string {
    return this.isClosed ? '' : (this.store.fact('description') ?? '');
  }

  /** Grows whenever something may be otherwise. */
  get revision(): number {
    return this.commits;
  }

  /** Where the index is, for those who read it in a thread of their own. */
  get indexFile(): string {
    return this.claim.file;
  }

  get allPublic(): boolean {
    return this.options.allPublic;
  }

  status(): LibraryStatus {
    const indexedAt = this.isClosed ? undefined : this.store.fact('indexedAt');
    return {
      dir: this.dir,
      pages: this.isClosed ? 0 : this.store.pageCount,
      sections: this.index.size,
      isIndexing: this.looking > 0,
      indexedAt: indexedAt === undefined ? null : Number(indexedAt),
      faults: this.faults,
      warnings: this.isClosed ? [] : this.store.warnings(MAX_WARNINGS),
    };
  }

  /** What is wrong with the folder as a whole. */
  get faults(): FileWarning[] {
    const faults = this.isClosed ? [] : (JSON.parse(this.store.fact('faults') ?? '[]') as [string, string][]);
    return faults.map(([file, warning]) => ({ file, warning }));
  }

  mayRead(what: Pick<Kind, 'access' | 'groups'>, reader: Reader): boolean {
    return mayRead(what, reader, this.options.allPublic);
  }

  private kindsFor(reader: Reader): number[] {
    return [...this.store.allKinds].flatMap(([id, kind]) => (this.mayRead(kind, reader) ? [id] : []));
  }

  private distinct(reader: Reader, of: (kind: Kind) => string): string[] {
    if (this.isClosed) return [];
    const kinds = this.store.usedKinds().filter((kind) => this.mayRead(kind, reader));
    return [...new Set(kinds.map(of))].filter((value) => value !== '').sort();
  }

  private findContent(candidate: Candidate): Found[] {
    const head = this.store.head(candidate.page);
    const content = this.store.section(candidate.page, candidate.section);
    if (!head) return [];
    return [{ head, content: content ?? { number: 0, slug: '', heading: '', level: 0, source: '' }, ...candidate }];
  }

  private schedule(): void {
    if (this.isClosed || this.timer) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      void this.look();
    }, SETTLE_MS);
  }

  private fail(error: unknown): void {
    this.warnings.tell(this.dir, '', [`some changes are not noticed (${(error as Error).message})`]);
  }

  private load(): void {
    const pages = new Set(this.store.pageIds());
    for (const { id } of this.store.segments()) {
      const data = this.store.segment(id);
      if (data) this.index.addPart(id, data, (page) => pages.has(page));
    }
    this.refresh();
  }

  private take({ addedSegments, removedSegments, removedPages }: Commit): void {
    if (this.isClosed) return;
    this.commits++;
    this.refresh();
    for (const page of removedPages) this.index.removePage(page);
    for (const id of removedSegments) this.index.removePart(id);
    for (const id of addedSegments) {
      const data = this.store.segment(id);
      // One that is gone again was merged into another, which comes with a later commit.
      if (data) this.index.addPart(id, data, () => true);
    }
  }

  private refresh(): void {
    this.store.readKinds();
    const text = this.store.fact('synonyms') ?? '';
    if (text !== this.synonymsText) [this.synonymsText, this.synonyms] = [text, parseSynonyms(text)];
    const languages = new Set(this.store.usedKinds().map(({ language }) => stemmingLanguage(language)));
    this.languages = languages.size > 0 ? [...languages].sort() : ['en'];
  }

  /** A file that is broken is made anew; until then there is nothing to be found. */
  private startAnew(error: Error): void {
    if (this.isClosed) return;
    this.warnings.tell(this.claim.file, '', [`is broken and made anew (${error.message})`]);
    for (const id of this.index.partIds) this.index.removePart(id);
    this.store.close();
    removeStore(this.claim.file);
    prepare(this.claim.file);
    this.store = new StoreReader(this.claim.file);
    this.refresh();
    this.schedule();
  }
}

const isOf = (value: string, asked: string | undefined): boolean => asked === undefined || value === '' || value === asked;

function choose(ranked: readonly Found[], limit: number): Found[] {
  const chosen: Found[] = [];
  const rest: Found[] = [];
  const counts = new Map<number, number>();
  for (const candidate of ranked) {
    if (chosen.length === limit) break;
    const count = (counts.get(candidate.page) ?? 0) + 1;
    counts.set(candidate.page, count);
    (count > MAX_HITS_OF_PAGE ? rest : chosen).push(candidate);
  }
  return [...chosen, ...rest].slice(0, limit);
}

function toHit({ head, content }: Found, words: readonly string[]): Hit {
  const { title, path, description, version, language } = head;
  const { heading, slug } = content;
  const text = textOf(content.source, heading, words);
  return {
    title,
    path,
    heading,
    link: linkOf(path, slug),
    snippet: snippetOf(text || description || title, words),
    ...(version ? { version } : {}),
    ...(language ? { language } : {}),
  };
}

/** What a reader sees of a section, less its heading; of a long one, around the words that were asked for. */
function textOf(source: string, heading: string, words: readonly string[]): string {
  const lower = source.toLowerCase();
  const places = words.map((word) => lower.indexOf(word.toLowerCase())).filter((at) => at >= 0);
  const start = source.length <= 2 * SNIPPET_WINDOW ? 0 : Math.max(0, Math.min(...places, source.length) - SNIPPET_WINDOW / 2);
  const text = plainText(source.slice(start, start + 2 * SNIPPET_WINDOW));
  return start === 0 && heading !== '' && text.startsWith(heading) ? text.slice(heading.length) : text;
}
