import type { Exchange } from '../../protocol/exchange.js';
import { MCP_CODE, McpError } from '../../protocol/mcp-error.js';
import { decodeHeaderValue } from '../mcp-headers.js';
import { isObject, type JsonObject } from '../message-shape.js';

/** A parameter of a tool that a client repeats in a header (MCP 2026-07-28 transport, "Custom Headers from Tool Parameters"). */
export interface ParamHeader {
  /** The header's name in lower case. */
  readonly header: string;
  /** Where the parameter stands in the arguments. */
  readonly path: readonly string[];
  readonly isNumeric: boolean;
}

const ANNOTATION = 'x-mcp-header';
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// Clients that follow the published referee annotate numbers as well.
const TYPES: ReadonlySet<unknown> = new Set(['string', 'integer', 'boolean', 'number']);
const DECIMAL = /^-?\d+(?:\.\d+)?$/;
const MAX_DEPTH = 16;
const NONE: readonly ParamHeader[] = [];

/** The annotated parameters of a tool. One whose annotation is not valid is not checked: its clients leave such tools alone. */
export function paramHeadersOf(inputSchema: unknown): readonly ParamHeader[] {
  const found: ParamHeader[] = [];
  collect(inputSchema, [], found);
  const names = new Set(found.map(({ header }) => header));
  return found.length === 0 || names.size < found.length ? NONE : found;
}

/** Only what can be reached by `properties` alone counts. */
function collect(schema: unknown, path: readonly string[], found: ParamHeader[]): void {
  if (!isObject(schema) || path.length > MAX_DEPTH) return;
  const name = schema[ANNOTATION];
  if (path.length > 0 && typeof name === 'string' && TOKEN.test(name) && TYPES.has(schema['type'])) {
    const isNumeric = schema['type'] === 'integer' || schema['type'] === 'number';
    found.push({ header: `mcp-param-${name.toLowerCase()}`, path, isNumeric });
  }
  const properties = schema['properties'];
  if (isObject(properties)) for (const [key, child] of Object.entries(properties)) collect(child, [...path, key], found);
}

/** The first header that is missing, malformed or differs from the body. */
export function findMismatch(declared: readonly ParamHeader[], { headers, message }: Exchange): ParamHeader | undefined {
  if (declared.length === 0) return undefined;
  const params = isObject(message) ? message['params'] : undefined;
  const values = isObject(params) ? params['arguments'] : undefined;
  return declared.find((param) => !agrees(param, valueAt(values, param.path), headers[param.header]));
}

function agrees({ isNumeric }: ParamHeader, value: unknown, header: string | undefined): boolean {
  // Where the body has no value, no header is expected, and one that is there means nothing.
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return true;
  const decoded = header === undefined ? undefined : decodeHeaderValue(header.trim());
  if (decoded === undefined) return false;
  if (isNumeric && typeof value === 'number' && DECIMAL.test(decoded)) return Number(decoded) === value;
  return decoded === String(value);
}

function valueAt(values: unknown, path: readonly string[]): unknown {
  let value = values;
  for (const key of path) {
    if (!isObject(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
}

export const paramMismatch = ({ header }: ParamHeader, id: Exchange['id']): McpError =>
  new McpError(400, MCP_CODE.headerMismatch, `The header ${header} is missing, malformed or differs from the body.`, { id });

/** A page of a `tools/list`. */
export type ListTools = (cursor: string | undefined, exchange: Exchange) => Promise<JsonObject>;

interface Known {
  readonly tools: ReadonlyMap<string, readonly ParamHeader[]>;
  /** Until then a call may be refused by it. */
  readonly freshUntil: number;
  /** From then on it is asked for again, though no call waits for that. */
  readonly reloadAt: number;
}

const MAX_PAGES = 50;
const MIN_FRESH_MS = 5000;
const MAX_FRESH_MS = 5 * 60_000;
const MIN_RELOAD_MS = 60_000;

/**
 * Compares the headers of tool calls with the body where the tool's schema is known (R-MOD-08). The schemas are the upstream's own
 * list, asked for at the first call and again when it is stale. A call is refused by what is fresh only.
 */
export class ParamHeaders {
  private known: Known | undefined;
  private loading: Promise<Known> | undefined;

  constructor(
    private readonly list: ListTools,
    private readonly monotonicNow: () => number = () => performance.now(),
  ) {}

  /**
   * Nothing, at once, for a call that passes by what is known; else after the list was asked for.
   * @throws {McpError} -32020
   */
  check(exchange: Exchange): Promise<void> | undefined {
    const { known } = this;
    const name = exchange.operations[0]?.target ?? '';
    if (!known) return this.checkAnew(exchange, name);
    const declared = known.tools.get(name);
    const now = this.monotonicNow();
    if (declared && !findMismatch(declared, exchange)) {
      if (now >= known.reloadAt) void this.load(exchange);
      return undefined;
    }
    // A tool that is not in a fresh list is the upstream's to refuse.
    return declared || now >= known.freshUntil ? this.checkAnew(exchange, name) : undefined;
  }

  private async checkAnew(exchange: Exchange, name: string): Promise<void> {
    const { known } = this;
    const latest = known && this.monotonicNow() < known.freshUntil ? known : await this.load(exchange);
    const mismatch = findMismatch(latest.tools.get(name) ?? NONE, exchange);
    if (mismatch) throw paramMismatch(mismatch, exchange.id);
  }

  private load(exchange: Exchange): Promise<Known> {
    this.loading ??= this.loadAll(exchange).finally(() => (this.loading = undefined));
    return this.loading;
  }

  private async loadAll(exchange: Exchange): Promise<Known> {
    const tools = new Map<string, readonly ParamHeader[]>();
    const loadedAt = this.monotonicNow();
    let freshMs = MAX_FRESH_MS;
    try {
      let cursor: string | undefined;
      for (let page = 0; page < MAX_PAGES; page++) {
        const result = await this.list(cursor, exchange);
        addTools(tools, result['tools']);
        freshMs = Math.min(freshMs, typeof result['ttlMs'] === 'number' ? result['ttlMs'] : MIN_FRESH_MS);
        cursor = typeof result['nextCursor'] === 'string' ? result['nextCursor'] : undefined;
        if (cursor === undefined) break;
      }
    } catch {
      // Without a list no schema is known, and the upstream judges its headers itself. What was known before stays.
      freshMs = MIN_FRESH_MS;
      for (const [name, declared] of this.known?.tools ?? []) if (!tools.has(name)) tools.set(name, declared);
    }
    this.known = {
      tools,
      freshUntil: loadedAt + Math.max(MIN_FRESH_MS, freshMs),
      reloadAt: loadedAt + Math.max(MIN_RELOAD_MS, freshMs),
    };
    return this.known;
  }
}

function addTools(tools: Map<string, readonly ParamHeader[]>, list: unknown): void {
  if (!Array.isArray(list)) return;
  for (const tool of list)
    if (isObject(tool) && typeof tool['name'] === 'string') tools.set(tool['name'], paramHeadersOf(tool['inputSchema']));
}
