import { MCP_CODE } from '../protocol/mcp-error.js';
import { isObject, type JsonObject } from './message-shape.js';
import { RemoteError } from './upstream-call.js';

/** Makes a request of a server. */
export type Ask = (method: string, params: JsonObject) => Promise<JsonObject>;

/** Something that a server offers. */
export interface Offer {
  /** A name, a URI or a URI template. */
  readonly name: string;
  readonly title: string | null;
  readonly description: string | null;
}

export interface Listing {
  readonly items: readonly Offer[];
  /** Whether there are more than were read. */
  readonly isCut: boolean;
}

export const LISTS = {
  tools: { list: 'tools/list', key: 'name', operation: 'tools/call' },
  prompts: { list: 'prompts/list', key: 'name', operation: 'prompts/get' },
  resources: { list: 'resources/list', key: 'uri', operation: 'resources/read' },
  resourceTemplates: { list: 'resources/templates/list', key: 'uriTemplate', operation: 'resources/read' },
} as const;

export type ListName = keyof typeof LISTS;
export const LIST_NAMES = Object.keys(LISTS) as ListName[];

/** What a server offers, list by list; a list that it does not have is absent. */
export type Catalog = { readonly [Name in ListName]?: Listing };

const MAX_ITEMS = 1000;
const MAX_PAGES = 50;
const MAX_TEXT = 500;

/**
 * Reads the lists of a server, as far as they are bounded.
 * @param onFault told of a list that the server should have and that could not be read
 */
export async function readCatalog(ask: Ask, onFault: (error: unknown) => void): Promise<Catalog> {
  const entries = await Promise.all(LIST_NAMES.map(async (name) => [name, await readList(ask, name, onFault)] as const));
  return Object.fromEntries(entries.filter(([, listing]) => listing !== undefined));
}

async function readList(ask: Ask, name: ListName, onFault: (error: unknown) => void): Promise<Listing | undefined> {
  const { list, key } = LISTS[name];
  const items: Offer[] = [];
  let cursor: string | undefined;
  try {
    for (let page = 0; page < MAX_PAGES && items.length < MAX_ITEMS; page++) {
      const result = await ask(list, cursor === undefined ? {} : { cursor });
      items.push(...toOffers(result[name], key));
      const next = result['nextCursor'];
      if (typeof next !== 'string' || next === '') return { items: items.slice(0, MAX_ITEMS), isCut: items.length > MAX_ITEMS };
      cursor = next;
    }
    return { items: items.slice(0, MAX_ITEMS), isCut: true };
  } catch (error) {
    // Not every server has every list.
    if (!(error instanceof RemoteError && error.code === MCP_CODE.methodNotFound)) onFault(error);
    return undefined;
  }
}

function toOffers(entries: unknown, key: string): Offer[] {
  if (!Array.isArray(entries)) return [];
  return entries.filter(isObject).flatMap((entry) => {
    const name = entry[key];
    if (typeof name !== 'string') return [];
    return [
      { name: name.slice(0, 2 * MAX_TEXT), title: textOf(entry['title'] ?? titleOf(entry)), description: textOf(entry['description']) },
    ];
  });
}

const titleOf = (entry: JsonObject): unknown =>
  entry['uri'] !== undefined || entry['uriTemplate'] !== undefined ? entry['name'] : undefined;

const textOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value.slice(0, MAX_TEXT) : null);
