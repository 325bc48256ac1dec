import { Readable } from 'node:stream';
import { isEventStream, jsonAnswer } from '../protocol/answer.js';
import type { Caller, Era, Operation, UpstreamAnswer } from '../protocol/exchange.js';
import { type JsonRpcId, MCP_CODE } from '../protocol/mcp-error.js';
import { type Decision, isCall } from './access-policy.js';
import { derivedBody } from './derived-body.js';
import type { HttpCall } from './http-call.js';
import { JsonSpans } from './json-spans.js';
import { isObject, type JsonObject } from './message-shape.js';
import type { ReadMessage } from './read-message.js';

/** A message less what its caller may not know of. */
export interface Visible {
  readonly http: HttpCall;
  readonly read: ReadMessage;
  /** The gateway's own responses to the rest. */
  readonly refusals: readonly JsonObject[];
}

const ACCEPTED: UpstreamAnswer = { status: 202, headers: {}, body: undefined };
const RESOURCE_NOT_FOUND = -32002;

/** What the policy says of a message. */
export interface Judged {
  readonly caller: Caller;
  /** By operation. */
  readonly decisions: readonly Decision[];
}

/**
 * Keeps calls of hidden targets from an upstream, which would run them: they get the answer of a target that does not exist
 * (R-GWC-13). Undefined where a message holds none, and all of it may go on.
 */
export function hideTargets(http: HttpCall, read: ReadMessage, judged: Judged): Visible | undefined {
  if (judged.caller.audience === 'public' || isPlainlyAllowed(read, judged)) return undefined;
  const messages = Array.isArray(read.message) ? (read.message as JsonObject[]) : [read.message as JsonObject];
  const decisions = [...judged.decisions];
  const hidden = messages.map((message) => {
    const decision = message['method'] === undefined ? undefined : decisions.shift();
    return hiddenOperation(message, decision, judged.caller);
  });
  if (!hidden.some(Boolean)) return undefined;
  const refusals = messages.flatMap(({ id }, i) => {
    const operation = hidden[i];
    return operation && id !== undefined ? [refusalOf(operation, id as JsonRpcId, read.era)] : [];
  });
  return { ...without(hidden, http, read), refusals };
}

/** The usual case: one operation that the policy itself has judged, or nothing to judge at all. */
const isPlainlyAllowed = ({ operations, message }: ReadMessage, { decisions }: Judged): boolean =>
  operations.length === 0 ||
  (operations.length === 1 && decisions[0] === 'allowed' && !Array.isArray(message) && isCall(operations[0] ?? NOTHING));

const NOTHING: Operation = { method: '' };

/** Whether anything is left to be asked of the upstream. */
export const isNothingLeft = ({ read }: Visible): boolean =>
  read.message === undefined || (Array.isArray(read.message) && read.message.length === 0);

/** The answer to the whole message, from the upstream's to what was left of it. */
export function withRefusals(answer: UpstreamAnswer | undefined, { refusals, read }: Visible): UpstreamAnswer {
  if (refusals.length === 0) return answer ?? ACCEPTED;
  // An error status is about the message as a whole: a session that has ended, say.
  if (answer && answer.status >= 400) return answer;
  const [first] = refusals;
  if (!answer?.body) return jsonAnswer(Array.isArray(read.message) ? refusals : first);
  const text = refusals.map((refusal) => JSON.stringify(refusal)).join(',');
  if (isEventStream(answer)) return { ...answer, body: derivedBody(prefixed(`data: [${text}]\n\n`, answer.body), answer.body) };
  if (!Buffer.isBuffer(answer.body)) return { ...answer, body: derivedBody(appended(text, answer.body), answer.body) };
  return { ...answer, body: Buffer.from(append(text, answer.body.toString('utf8'))) };
}

async function* prefixed(head: string, body: Buffer | Readable): AsyncGenerator<Buffer> {
  yield Buffer.from(head);
  if (body instanceof Readable) yield* body as AsyncIterable<Buffer>;
  else yield body;
}

async function* appended(text: string, body: Readable): AsyncGenerator<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of body as AsyncIterable<Buffer>) chunks.push(chunk);
  yield Buffer.from(append(text, Buffer.concat(chunks).toString('utf8')));
}

/** Responses in front of those in a JSON text of one or several. */
function append(text: string, json: string): string {
  const trimmed = json.trim();
  const inner = trimmed.startsWith('[') ? trimmed.slice(1, -1).trim() : trimmed;
  return inner === '' ? `[${text}]` : `[${text},${inner}]`;
}

/** The message without its hidden elements; of the others every character stays. */
function without(hidden: readonly (Operation | undefined)[], http: HttpCall, read: ReadMessage): Omit<Visible, 'refusals'> {
  if (!Array.isArray(read.message)) return { http: { ...http, body: undefined }, read: { ...read, operations: [], message: undefined } };
  const text = http.body?.toString('utf8') ?? '[]';
  const spans = new JsonSpans(text);
  const kept = spans.elements(spans.start).filter((_, i) => !hidden[i]);
  const message = (read.message as unknown[]).filter((_, i) => !hidden[i]);
  const operations = operationsOf(read)
    .filter((_, i) => !hidden[i])
    .filter((operation) => operation !== undefined);
  const body = Buffer.from(`[${kept.map(({ start, end }) => text.slice(start, end)).join(',')}]`);
  return { http: { ...http, body }, read: { ...read, operations, message } };
}

/** The operation of each element; responses have none. */
function operationsOf({ message, operations }: ReadMessage): (Operation | undefined)[] {
  const left = [...operations];
  return (message as JsonObject[]).map(({ method }) => (method === undefined ? undefined : left.shift()));
}

function hiddenOperation({ method, params }: JsonObject, decision: Decision | undefined, caller: Caller): Operation | undefined {
  if (typeof method !== 'string') return undefined;
  const operations = operationsBehind(method, isObject(params) ? params : {});
  return decision === 'hidden' ? operations[0] : operations.find((operation) => !caller.isAllowed(operation));
}

/** What a request asks for or about, as the operation that its caller would need to be allowed. */
function operationsBehind(method: string, params: JsonObject): readonly Operation[] {
  switch (method) {
    case 'tools/call':
    case 'prompts/get':
      return operationsOn(method, params['name']);
    case 'resources/read':
    case 'resources/subscribe':
    case 'resources/unsubscribe':
      return operationsOn('resources/read', params['uri']);
    case 'completion/complete':
      return operationsOnReference(params['ref']);
    case 'subscriptions/listen':
      return operationsOn(
        'resources/read',
        isObject(params['notifications']) ? params['notifications']['resourceSubscriptions'] : undefined,
      );
    default:
      return [];
  }
}

function operationsOnReference(ref: unknown): readonly Operation[] {
  if (!isObject(ref)) return [];
  return [...operationsOn('prompts/get', ref['name']), ...operationsOn('resources/read', ref['uri'])];
}

const operationsOn = (method: string, targets: unknown): readonly Operation[] =>
  [targets].flat().flatMap((target) => (typeof target === 'string' ? [{ method, target }] : []));

function refusalOf({ method, target = '' }: Operation, id: JsonRpcId, era: Era): JsonObject {
  return { jsonrpc: '2.0', id, error: errorFor(method, target, era) };
}

function errorFor(method: string, target: string, era: Era): JsonObject {
  switch (method) {
    case 'tools/call':
      return { code: MCP_CODE.invalidParams, message: `Unknown tool: ${target}` };
    case 'prompts/get':
      return { code: MCP_CODE.invalidParams, message: `Unknown prompt: ${target}` };
    default:
      // The code of the older revisions is not for the newer (R-MOD-22).
      return { code: era === 'legacy' ? RESOURCE_NOT_FOUND : MCP_CODE.invalidParams, message: 'Resource not found', data: { uri: target } };
  }
}
