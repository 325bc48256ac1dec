import { Readable } from 'node:stream';
import { isEventStream } from '../protocol/answer.js';
import type { Caller, Exchange, UpstreamAnswer } from '../protocol/exchange.js';
import { MCP_CODE, McpError } from '../protocol/mcp-error.js';
import { derivedBody } from './derived-body.js';
import { EventCutter, parseEvent, splitEvents, withData } from './http-upstream/event-cutter.js';
import { JsonSpans, type Member, type Span } from './json-spans.js';
import { isObject } from './message-shape.js';

/** A list of a server, and the operation that each of its entries stands for. */
interface ListKind {
  readonly method: string;
  readonly member: string;
  readonly key: string;
  readonly operation: string;
}

const KINDS: readonly ListKind[] = [
  { method: 'tools/list', member: 'tools', key: 'name', operation: 'tools/call' },
  { method: 'prompts/list', member: 'prompts', key: 'name', operation: 'prompts/get' },
  { method: 'resources/list', member: 'resources', key: 'uri', operation: 'resources/read' },
  { method: 'resources/templates/list', member: 'resourceTemplates', key: 'uriTemplate', operation: 'resources/read' },
];

/** Longer lists are not read, and so not shown to who may see a part of them only. */
export const MAX_LIST_BYTES = 16 * 1024 * 1024;

/**
 * Takes out of lists what their caller may not call (R-GWC-13). What stays keeps its very characters, and an answer to somebody
 * who may call everything is not looked at. A filtered list is its caller's own (R-MOD-18).
 */
export function filterLists(answer: UpstreamAnswer, exchange: Exchange): UpstreamAnswer | Promise<UpstreamAnswer> {
  const kinds = kindsFor(exchange);
  if (kinds.length === 0 || answer.status !== 200 || answer.body === undefined) return answer;
  const filter = new ListFilter(kinds, exchange.caller, exchange.era === 'modern');
  if (isEventStream(answer)) return { ...answer, body: derivedBody(filterEvents(answer.body, filter), answer.body) };
  return filterWhole(answer, filter, exchange.id);
}

/** Whether an answer could hold a list. A resumed stream may repeat any of them. */
export const mayList = ({ method, headers, operations }: Exchange): boolean =>
  method === 'GET' ? headers['last-event-id'] !== undefined : operations.some((operation) => operation.method.endsWith('/list'));

/** The lists in an answer that their caller may see in part only. */
function kindsFor(exchange: Exchange): readonly ListKind[] {
  const { method, operations, caller } = exchange;
  if (!mayList(exchange)) return [];
  // Without a target, an operation is covered only by what covers all of them.
  return KINDS.filter(
    (kind) =>
      (method === 'GET' || operations.some((operation) => operation.method === kind.method)) &&
      !caller.isAllowed({ method: kind.operation }),
  );
}

async function filterWhole(answer: UpstreamAnswer, filter: ListFilter, id: Exchange['id']): Promise<UpstreamAnswer> {
  const { 'content-length': _length, ...headers } = answer.headers;
  try {
    return { ...answer, headers, body: Buffer.from(filter.apply(await textOf(answer.body))) };
  } catch (error) {
    throw unreadable(`The list cannot be filtered: ${(error as Error).message}`, id);
  }
}

export async function textOf(body: UpstreamAnswer['body']): Promise<string> {
  if (!(body instanceof Readable)) return body?.toString('utf8') ?? '';
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_LIST_BYTES) throw new Error('it is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function* filterEvents(body: Buffer | Readable, filter: ListFilter): AsyncGenerator<Buffer> {
  const cutter = new EventCutter(MAX_LIST_BYTES);
  for await (const chunk of body instanceof Readable ? (body as AsyncIterable<Buffer>) : [body]) {
    for (const { bytes, isWhole } of cutter.push(chunk)) {
      if (!isWhole) throw unreadable('The list is too long to be filtered');
      for (const event of splitEvents(bytes)) yield filterEvent(event, filter);
    }
  }
}

function filterEvent(event: Buffer, filter: ListFilter): Buffer {
  const text = event.toString('utf8');
  const { data } = parseEvent(text);
  if (data === undefined || data === '') return event;
  const filtered = filter.apply(data);
  return filtered === data ? event : withData(text, filtered);
}

export const unreadable = (detail: string, id?: Exchange['id']): McpError =>
  new McpError(502, MCP_CODE.internalError, 'The upstream gave no valid answer.', { id, detail });

/** A change of a text. */
interface Edit extends Span {
  readonly text: string;
}

/** Filters the lists in a JSON text of one message or several. */
class ListFilter {
  constructor(
    private readonly kinds: readonly ListKind[],
    private readonly caller: Caller,
    private readonly isModern: boolean,
  ) {}

  /** @throws {SyntaxError} where there is no JSON, or a list that is none. */
  apply(json: string): string {
    JSON.parse(json);
    const spans = new JsonSpans(json);
    const messages = json[spans.start] === '[' ? spans.elements(spans.start) : [{ start: spans.start, end: json.length }];
    const edits = messages.flatMap(({ start }) => (json[start] === '{' ? this.editsOf(json, spans, start) : []));
    let text = json;
    for (const { start, end, text: replacement } of edits.toReversed()) text = text.slice(0, start) + replacement + text.slice(end);
    return text;
  }

  private editsOf(json: string, spans: JsonSpans, message: number): Edit[] {
    const result = only(spans.members(message), 'result');
    if (!result || json[result.start] !== '{') return [];
    const members = spans.members(result.start);
    const lists = this.kinds.flatMap((kind) => {
      const list = only(members, kind.member);
      return list ? [this.editOf(json, spans, list, kind)] : [];
    });
    if (lists.length === 0 || !this.isModern) return lists;
    return [...lists, ownScope(members, result)].toSorted((a, b) => a.start - b.start);
  }

  private editOf(json: string, spans: JsonSpans, { start, end }: Span, kind: ListKind): Edit {
    const kept = spans
      .elements(start)
      .map((element) => json.slice(element.start, element.end))
      .filter((text) => this.mayShow(JSON.parse(text), kind));
    return { start, end, text: `[${kept.join(',')}]` };
  }

  private mayShow(entry: unknown, { key, operation }: ListKind): boolean {
    const target = isObject(entry) ? entry[key] : undefined;
    return typeof target === 'string' && this.caller.isAllowed({ method: operation, target });
  }
}

/** The one member of this name. @throws {SyntaxError} where there are several: readers would not agree on which counts. */
function only(members: readonly Member[], name: string): Member | undefined {
  const [first, second] = members.filter((member) => member.name === name);
  if (second) throw new SyntaxError(`The member ${name} is there twice`);
  return first;
}

function ownScope(members: readonly Member[], result: Span): Edit {
  const scope = only(members, 'cacheScope');
  if (scope) return { start: scope.start, end: scope.end, text: '"private"' };
  return { start: result.start + 1, end: result.start + 1, text: '"cacheScope":"private",' };
}
