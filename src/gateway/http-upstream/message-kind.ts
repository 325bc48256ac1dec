import type { JsonRpcId } from '../../protocol/mcp-error.js';
import { JsonSpans } from '../json-spans.js';
import { isObject, type JsonObject } from '../message-shape.js';

/** What kind of JSON-RPC message something is. `id` of a response is undefined where it answers to nothing that could be read. */
export type MessageKind =
  | { readonly kind: 'request'; readonly id: JsonRpcId }
  | { readonly kind: 'notification' }
  | { readonly kind: 'response'; readonly id: JsonRpcId | undefined };

/** Longer texts are looked at on their first level only. */
const PARSE_LIMIT = 8 * 1024;

/** The kinds of the messages in a JSON text: one, or those of an array. Undefined where it holds anything else. */
export function kindsOf(json: string): readonly MessageKind[] | undefined {
  try {
    const kinds = json.length <= PARSE_LIMIT ? kindsOfValue(JSON.parse(json)) : kindsOfText(json);
    return kinds.length > 0 && !kinds.includes(undefined) ? (kinds as MessageKind[]) : undefined;
  } catch {
    // It is no JSON.
    return undefined;
  }
}

const kindsOfValue = (value: unknown): (MessageKind | undefined)[] => (Array.isArray(value) ? value.map(kindOf) : [kindOf(value)]);

function kindsOfText(json: string): (MessageKind | undefined)[] {
  const spans = new JsonSpans(json);
  const starts = json[spans.start] === '[' ? spans.elements(spans.start).map(({ start }) => start) : [spans.start];
  return starts.map((start) => kindOf(shellOf(spans, json, start)));
}

/** A message without what is in its params, result or error. */
function shellOf(spans: JsonSpans, json: string, start: number): Record<string, unknown> {
  const shell: Record<string, unknown> = {};
  for (const { name, start: from, end } of spans.members(start)) {
    const isNest = json[from] === '{' || json[from] === '[';
    if (name === 'error') shell[name] = json[from] === '{' ? {} : null;
    else if (SHELL.has(name)) shell[name] = isNest || end - from > PARSE_LIMIT ? {} : (JSON.parse(json.slice(from, end)) as unknown);
  }
  return shell;
}

const SHELL: ReadonlySet<string> = new Set(['id', 'method', 'result']);

function kindOf(message: unknown): MessageKind | undefined {
  if (!isObject(message)) return undefined;
  return message['method'] === undefined ? kindOfResponse(message) : kindOfCall(message);
}

function kindOfCall(message: JsonObject): MessageKind | undefined {
  const { id, method } = message;
  if (typeof method !== 'string' || 'result' in message || 'error' in message) return undefined;
  if (id === undefined) return { kind: 'notification' };
  return isId(id) ? { kind: 'request', id } : undefined;
}

function kindOfResponse({ id, result, error }: JsonObject): MessageKind | undefined {
  if ((result !== undefined) === isObject(error)) return undefined;
  if (isId(id)) return { kind: 'response', id };
  // An error may answer what could not be read.
  return result === undefined && (id === undefined || id === null) ? { kind: 'response', id: undefined } : undefined;
}

const isId = (id: unknown): id is JsonRpcId => typeof id === 'string' || typeof id === 'number';
