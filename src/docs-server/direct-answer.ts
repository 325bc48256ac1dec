import { jsonAnswer } from '../protocol/answer.js';
import type { Exchange, UpstreamAnswer } from '../protocol/exchange.js';
import { type DocsServerParts, findTool, listTools, runTool, serverInfoOf } from './docs-answers.js';

const META = 'io.modelcontextprotocol/';
const MODERN_VERSION = '2026-07-28';
const SERVER_INFO = `${META}serverInfo`;
const META_KEYS: ReadonlySet<string> = new Set(['protocolVersion', 'clientCapabilities', 'clientInfo'].map((key) => META + key));

type JsonObject = Readonly<Record<string, unknown>>;

/** What a documentation server reads of an exchange. */
export type DocsExchange = Pick<Exchange, 'request' | 'message' | 'era' | 'caller'>;

/**
 * Answers the requests that matter for speed, with the very words of the SDK, whose server for each request costs ten times as
 * much. Undefined for all that is out of the ordinary, however slightly: that is for the SDK to judge.
 */
export function answerDirectly(
  parts: DocsServerParts,
  { era, message, caller }: DocsExchange,
): UpstreamAnswer | Promise<UpstreamAnswer> | undefined {
  if (era !== 'modern' || !isPlainRequest(message)) return undefined;
  const result = resultOf(parts, caller, message);
  if (result instanceof Promise) return result.then((found) => toAnswer(parts, message, found));
  return result && toAnswer(parts, message, result);
}

function toAnswer(parts: DocsServerParts, message: PlainRequest, result: object): UpstreamAnswer {
  const _meta = { [SERVER_INFO]: serverInfoOf(parts) };
  return jsonAnswer({ result: withMembers(result, { _meta }), jsonrpc: '2.0', id: message.id });
}

interface PlainRequest {
  readonly id: string | number;
  readonly method: unknown;
  readonly params: JsonObject;
}

function resultOf(
  parts: DocsServerParts,
  caller: Exchange['caller'],
  { method, params }: PlainRequest,
): object | Promise<object> | undefined {
  const { _meta, ...rest } = params;
  if (method === 'tools/list' && Object.keys(rest).length === 0) {
    const { tools, ttlMs, cacheScope } = listTools(parts, caller);
    return { tools, resultType: 'complete', ttlMs, cacheScope };
  }
  return method === 'tools/call' ? callPlainly(parts, caller, rest) : undefined;
}

function callPlainly(parts: DocsServerParts, caller: Exchange['caller'], params: JsonObject): object | Promise<object> | undefined {
  const { name, arguments: values = {}, ...more } = params;
  if (!isObject(values) || hasOddMember(values) || Object.keys(more).length > 0) return undefined;
  const tool = findTool(parts, caller, name);
  const result = tool && runTool(tool, values, caller);
  if (result instanceof Promise) return result.then(toComplete);
  return result && toComplete(result);
}

const toComplete = (result: object): object => withMembers(result, { resultType: 'complete' });

/** With what comes last. V8 takes microseconds to add a member to an object that begins with a spread, and holds it until a full collection. */
const withMembers = (object: object, members: object): object => Object.assign({}, object, members);

// The schemas drop a member of this name, or complain of it, by where it stands.
const hasOddMember = (values: JsonObject): boolean => Object.hasOwn(values, '__proto__');

/** What the gateway has not looked at is what the SDK would: members that should not be there, and the form of known ones. */
function isPlainRequest(message: unknown): message is PlainRequest {
  if (!isObject(message)) return false;
  const { jsonrpc, id, params, method: _, ...rest } = message;
  if (jsonrpc !== '2.0' || (typeof id !== 'string' && !Number.isInteger(id)) || Object.keys(rest).length > 0) return false;
  return isObject(params) && isPlainMeta(params['_meta']);
}

function isPlainMeta(meta: unknown): boolean {
  if (!isObject(meta) || !Object.keys(meta).every((key) => META_KEYS.has(key))) return false;
  const client = meta[`${META}clientInfo`];
  return (
    meta[`${META}protocolVersion`] === MODERN_VERSION &&
    isObject(meta[`${META}clientCapabilities`]) &&
    (client === undefined || (isObject(client) && typeof client['name'] === 'string' && typeof client['version'] === 'string'))
  );
}

const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);
