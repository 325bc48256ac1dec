import { isObject, type JsonObject } from '../message-shape.js';
import { CAPABILITIES_KEY, VERSION_KEY } from '../modern-message.js';

const PREFIX = 'io.modelcontextprotocol/';

/** Members of `_meta` that the modern era has given a meaning, besides version and capabilities. */
export const CLIENT_INFO_KEY = `${PREFIX}clientInfo`;
export const LOG_LEVEL_KEY = `${PREFIX}logLevel`;
export const SERVER_INFO_KEY = `${PREFIX}serverInfo`;
export const SUBSCRIPTION_KEY = `${PREFIX}subscriptionId`;

/** What a request says of its client; the handshake says it in the legacy era. */
const OF_REQUEST: ReadonlySet<string> = new Set([VERSION_KEY, CAPABILITIES_KEY, CLIENT_INFO_KEY, LOG_LEVEL_KEY]);
const OF_RESULT: ReadonlySet<string> = new Set([SERVER_INFO_KEY, SUBSCRIPTION_KEY]);

export const metaOf = (value: JsonObject | undefined): JsonObject => (isObject(value?.['_meta']) ? value['_meta'] : {});

/** An object less some of its members. */
export const without = (value: JsonObject, ...names: readonly string[]): JsonObject =>
  Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)));

/** Params of the modern era as a legacy server knows them: less what tells of the client, and of earlier rounds. */
export function toLegacyParams(params: JsonObject): JsonObject {
  return withMeta(without(params, '_meta', 'inputResponses', 'requestState', 'task'), lessKeys(metaOf(params), OF_REQUEST));
}

/** A result's or notification's members as a legacy client knows them. */
export const withoutModernMeta = (value: JsonObject): JsonObject => withMeta(without(value, '_meta'), lessKeys(metaOf(value), OF_RESULT));

const lessKeys = (meta: JsonObject, keys: ReadonlySet<string>): JsonObject =>
  Object.fromEntries(Object.entries(meta).filter(([key]) => !keys.has(key)));

const withMeta = (value: JsonObject, _meta: JsonObject): JsonObject => (Object.keys(_meta).length > 0 ? { ...value, _meta } : value);
