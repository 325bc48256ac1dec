import { Bash } from 'just-bash';
import { mayRead, type Reader } from '../content/access.js';
import { BEGINNING, type ListedPage, type Place, StoreReader } from '../index/store.js';
import { COMMANDS, MAX_OUTPUT_BYTES, type ShellResult } from './command-names.js';
import { type Folder, PageFiles, toFolder } from './page-files.js';

/** What is to be run, over which pages, for whom. */
export interface ShellJob {
  readonly indexFile: string;
  readonly allPublic: boolean;
  readonly reader: Reader;
  readonly command: string;
  readonly limitMs: number;
}

const MB = 1024 * 1024;
const LIMITS = {
  maxSourceBytes: 8192,
  maxCommandCount: 2000,
  maxLoopIterations: 2000,
  maxInputBytes: 512 * MB,
  maxLiveBytes: 256 * MB,
  maxStringLength: 32 * MB,
  maxTraversalEntries: 200_000,
  maxTraversalWork: 1_000_000,
  maxGlobOperations: 500_000,
  maxOutputSize: 32 * MB,
};
const MAX_READERS = 4;
const MAX_VIEWS = 8;

/** A view of the pages as one kind of reader has it, in one state of the index. */
interface View {
  readonly state: string;
  readonly root: Folder;
}

/** Runs commands over the pages of indexes. Lives in a thread of its own; its caller bounds time and memory from outside. */
export class Shell {
  private readonly stores = new Map<string, StoreReader>();
  private readonly views = new Map<string, View>();

  async run({ indexFile, allPublic, reader, command, limitMs }: ShellJob): Promise<ShellResult> {
    const store = this.open(indexFile);
    const files = new PageFiles(this.viewOf(store, { indexFile, allPublic, reader }), (id) => textOf(store, id));
    const shell = new Bash({
      fs: files,
      cwd: '/',
      commands: [...COMMANDS],
      executionLimitProfile: 'hardened',
      executionLimits: { ...LIMITS, maxExecutionTimeMs: limitMs },
      defenseInDepth: true,
    });
    try {
      const { stdout, stderr, exitCode } = await shell.exec(command);
      return bound(stdout, stderr, exitCode);
    } catch (error) {
      return bound('', `${(error as Error).message}\n`, 1);
    }
  }

  private open(indexFile: string): StoreReader {
    const known = this.stores.get(indexFile);
    if (known?.isCurrent) return known;
    known?.close();
    this.stores.delete(indexFile);
    const [oldest] = this.stores.size >= MAX_READERS ? this.stores : [];
    if (oldest) {
      oldest[1].close();
      this.stores.delete(oldest[0]);
    }
    const store = new StoreReader(indexFile);
    this.stores.set(indexFile, store);
    return store;
  }

  private viewOf(store: StoreReader, { indexFile, allPublic, reader }: Pick<ShellJob, 'indexFile' | 'allPublic' | 'reader'>): Folder {
    const key = JSON.stringify([indexFile, allPublic, reader.audience, [...reader.groups].sort()]);
    const { state } = store;
    const known = this.views.get(key);
    if (known?.state === state) return known.root;
    store.readKinds();
    const root = toFolder(readable(store, reader, allPublic));
    this.views.delete(key);
    const [oldest] = this.views.size >= MAX_VIEWS ? this.views.keys() : [];
    if (oldest !== undefined) this.views.delete(oldest);
    this.views.set(key, { state, root });
    return root;
  }
}

function* readable(store: StoreReader, reader: Reader, allPublic: boolean): Generator<ListedPage> {
  const kinds = [...store.allKinds].flatMap(([id, kind]) => (mayRead(kind, reader, allPublic) ? [id] : []));
  let after: Place = BEGINNING;
  for (;;) {
    const heads = store.heads(kinds, after, 1000);
    yield* heads;
    const last = heads.at(-1);
    if (!last) return;
    after = last;
  }
}

/** A page as a file: what it is called and about, then its text. */
function textOf(store: StoreReader, id: number): string {
  const head = store.head(id);
  if (!head) return '';
  const facts = [`title: ${JSON.stringify(head.title)}`, ...(head.description ? [`description: ${JSON.stringify(head.description)}`] : [])];
  return `---\n${facts.join('\n')}\n---\n\n${store.page(head).body}`;
}

function bound(stdout: string, stderr: string, exitCode: number): ShellResult {
  const [out, err] = [cut(stdout, MAX_OUTPUT_BYTES), cut(stderr, 4000)];
  return { stdout: out, stderr: err, exitCode, isComplete: out === stdout };
}

/** Whole characters only. */
function cut(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text, 'utf8');
  return bytes.length <= maxBytes
    ? text
    : bytes
        .subarray(0, maxBytes)
        .toString('utf8')
        .replace(/\uFFFD$/, '');
}
