import { LRUCache } from 'lru-cache';
import { upTo } from '../../common/up-to.js';
import { type ParamHeader, paramHeadersOf } from '../http-upstream/param-headers.js';
import { encodeHeaderValue } from '../mcp-headers.js';
import { isObject, type JsonObject } from '../message-shape.js';
import { hasWrappedOutput } from './results.js';

const MAX_TOOLS = 5000;
const KEEP_MS = 10 * 60_000;
const MAX_HEADERS = 32;

/** What of a modern tool's definition its calls depend on. */
export interface KnownTool {
  readonly headers: readonly ParamHeader[];
  readonly wrapsOutput: boolean;
}

/** What the lists of tools that each caller has seen say of how to call them. */
export class ToolKnowledge {
  private readonly tools = new LRUCache<string, KnownTool>({ ...upTo(MAX_TOOLS), ttl: KEEP_MS });

  find(owner: string, name: unknown): KnownTool | undefined {
    return this.tools.get(`${owner} ${String(name)}`);
  }

  learn(owner: string, { tools }: JsonObject): void {
    if (!Array.isArray(tools)) return;
    for (const tool of tools) {
      if (!isObject(tool)) continue;
      const headers = paramHeadersOf(tool['inputSchema']).slice(0, MAX_HEADERS);
      this.tools.set(`${owner} ${String(tool['name'])}`, { headers, wrapsOutput: hasWrappedOutput(tool) });
    }
  }
}

/** The headers that go with a call. */
export function paramHeaders({ headers }: KnownTool, values: unknown): Record<string, string> {
  const given = headers.map(({ path, header }) => [header, textOf(path.reduce(memberOf, values))] as const);
  return Object.fromEntries(given.flatMap(([name, text]) => (text === undefined ? [] : [[name, encodeHeaderValue(text)]])));
}

const memberOf = (value: unknown, name: string): unknown => (isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined);

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  const isNumber = typeof value === 'number' && Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
  return isNumber ? String(value) : undefined;
}
