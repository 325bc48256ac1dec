import type {
  CompleteRequestParams,
  CompleteResult,
  ListResourcesResult,
  ListResourceTemplatesResult,
  ReadResourceResult,
  Resource,
} from '@modelcontextprotocol/server';
import type { Caller } from '../protocol/exchange.js';
import type { DocsLibrary } from './docs-library.js';
import { BEGINNING, type ListedPage, type Place, type StoredSkill } from './index/store.js';

const PAGE_SIZE = 200;
/** The most that a completion may hold (MCP, "Completion"). */
const MAX_COMPLETIONS = 100;
const MIME_TYPE = 'text/markdown';

/** What was asked cannot be made sense of. Not the SDK's error: most processes never need the SDK, and it is large. */
export class InvalidParams extends Error {
  override readonly name = 'InvalidParams';
}

/** Pages and skills as resources: `docs://{name}/{path}` and `skill://{name}/{skill}/SKILL.md`. */
export class DocsResources {
  private readonly pageBase: string;
  private readonly skillBase: string;
  private readonly template: string;

  constructor(
    private readonly library: DocsLibrary,
    private readonly name: string,
    suffix: string,
  ) {
    this.pageBase = `docs://${suffix}/`;
    this.skillBase = `skill://${suffix}/`;
    this.template = `${this.pageBase}{+path}`;
  }

  /** Skills first, then pages in the order of the navigation. What may not be read is not listed. */
  list(caller: Caller, cursor: string | undefined): ListResourcesResult {
    const after = cursor === undefined ? BEGINNING : readCursor(cursor);
    const skills = cursor === undefined ? this.library.skills(caller).map((skill) => this.ofSkill(skill)) : [];
    const heads = this.library.list(caller, PAGE_SIZE, after);
    const resources = [...skills, ...heads.map((head) => this.ofPage(head))].filter(({ uri }) => mayReadUri(caller, uri));
    const last = heads.length === PAGE_SIZE ? heads.at(-1) : undefined;
    return { resources, ...(last ? { nextCursor: toCursor(last) } : {}) };
  }

  templates(caller: Caller): ListResourceTemplatesResult {
    const isOffered = mayReadUri(caller, `${this.pageBase}index`);
    const title = `A page of ${this.name}`;
    const description = 'A page by its path, e.g. guides/install. Paths can be completed.';
    return { resourceTemplates: isOffered ? [{ uriTemplate: this.template, name: 'page', title, description, mimeType: MIME_TYPE }] : [] };
  }

  /** Undefined for what does not exist, and for what this caller may not read. */
  read(caller: Caller, uri: string): ReadResourceResult | undefined {
    const text = mayReadUri(caller, uri) ? this.textOf(caller, uri) : undefined;
    return text === undefined ? undefined : { contents: [{ uri, mimeType: MIME_TYPE, text }] };
  }

  /** The paths that begin as asked, of what this caller may read. */
  complete(caller: Caller, { ref, argument }: CompleteRequestParams): CompleteResult {
    if (ref.type !== 'ref/resource' || ref.uri !== this.template || argument.name !== 'path') {
      throw new InvalidParams('There is nothing of this name to be completed');
    }
    const heads = this.library.listUnder(argument.value, caller, MAX_COMPLETIONS + 1);
    const values = heads.filter(({ path }) => mayReadUri(caller, this.uriOf(path))).map(({ path }) => path);
    return { completion: { values: values.slice(0, MAX_COMPLETIONS), hasMore: heads.length > MAX_COMPLETIONS } };
  }

  private textOf(caller: Caller, uri: string): string | undefined {
    if (uri.startsWith(this.skillBase)) {
      const name = /^([a-z0-9-]+)\/SKILL\.md$/.exec(uri.slice(this.skillBase.length))?.[1];
      return this.library.skills(caller).find((skill) => skill.name === name)?.text;
    }
    if (!uri.startsWith(this.pageBase)) return undefined;
    const path = decode(uri.slice(this.pageBase.length));
    return path === undefined ? undefined : this.library.find(path, caller)?.body;
  }

  private ofPage({ path, title, description, bytes, changedAt }: ListedPage): Resource {
    const annotations = changedAt > 0 ? { annotations: { lastModified: new Date(changedAt).toISOString() } } : {};
    return {
      uri: this.uriOf(path),
      name: path,
      title,
      ...(description ? { description } : {}),
      mimeType: MIME_TYPE,
      size: bytes,
      ...annotations,
    };
  }

  private ofSkill({ name, description, text }: StoredSkill): Resource {
    return { uri: `${this.skillBase}${name}/SKILL.md`, name, description, mimeType: MIME_TYPE, size: Buffer.byteLength(text) };
  }

  private uriOf(path: string): string {
    return this.pageBase + path.split('/').map(encodeURIComponent).join('/');
  }
}

/** The one rule for listing and for reading (R-GWC-13). */
const mayReadUri = (caller: Caller, uri: string): boolean => caller.isAllowed({ method: 'resources/read', target: uri });

function decode(path: string): string | undefined {
  try {
    return path.split('/').map(decodeURIComponent).join('/');
  } catch {
    // No address of ours is written so.
    return undefined;
  }
}

/** Where the last list ended: it names nothing but a page that was shown. */
const toCursor = ({ place, path }: Place): string => Buffer.from(JSON.stringify([place, path])).toString('base64url');

function readCursor(cursor: string): Place {
  try {
    const [place, path] = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as unknown[];
    if (typeof place === 'number' && typeof path === 'string') return { place, path };
  } catch {
    // Said below.
  }
  throw new InvalidParams('The cursor is not one of ours');
}
