import { createHash } from 'node:crypto';
import { isObject, type JsonObject } from '../message-shape.js';
import { metaOf, SERVER_INFO_KEY, withoutModernMeta, without } from './meta.js';

/** Results that say how long and for whom they may be kept (MCP 2026-07-28 caching). */
const CACHEABLE: ReadonlySet<string> = new Set([
  'server/discover',
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
  'resources/read',
]);

/** A legacy server's result as the modern era has it (R-MOD-24: nothing is kept, nothing is public, unless the server says so). */
export function toModernResult(method: string, result: JsonObject, serverInfo: JsonObject): JsonObject {
  const complete = { ...result, resultType: 'complete', _meta: { ...metaOf(result), [SERVER_INFO_KEY]: serverInfo } };
  const listed = method === 'tools/list' ? { ...complete, tools: callableTools(result['tools']) } : complete;
  return CACHEABLE.has(method) ? { ...listed, ...cacheHintOf(result) } : listed;
}

function cacheHintOf({ ttlMs, cacheScope }: JsonObject): JsonObject {
  const isTtl = typeof ttlMs === 'number' && Number.isSafeInteger(ttlMs) && ttlMs >= 0;
  return { ttlMs: isTtl ? ttlMs : 0, cacheScope: cacheScope === 'public' ? 'public' : 'private' };
}

/** Tools that run as tasks only (2025-11-25) cannot be called from the modern era; `execution` is of no use there. */
function callableTools(tools: unknown): unknown {
  if (!Array.isArray(tools)) return tools;
  return tools
    .filter((tool) => !(isObject(tool) && isObject(tool['execution']) && tool['execution']['taskSupport'] === 'required'))
    .map((tool: unknown) => (isObject(tool) ? without(tool, 'execution') : tool));
}

/** A modern server's result as a legacy client knows it; `wrapsOutput` where the tool's output schema was wrapped in its list. */
export function toLegacyResult(method: string, result: JsonObject, wrapsOutput = false): JsonObject {
  const cacheMembers = CACHEABLE.has(method) ? ['ttlMs', 'cacheScope'] : [];
  const plain = withoutModernMeta(without(result, 'resultType', ...cacheMembers));
  if (method === 'tools/call') return toLegacyToolResult(plain, wrapsOutput);
  const tools = plain['tools'];
  if (method !== 'tools/list' || !Array.isArray(tools)) return plain;
  return { ...plain, tools: tools.map((tool: unknown) => (isObject(tool) && hasWrappedOutput(tool) ? wrapOutputSchema(tool) : tool)) };
}

/** Legacy output is an object (2025-06-18 tools, "Output Schema"); the modern era's may be anything (SEP-2106). */
export const hasWrappedOutput = ({ outputSchema }: JsonObject): boolean => isObject(outputSchema) && outputSchema['type'] !== 'object';

function wrapOutputSchema(tool: JsonObject): JsonObject {
  const schema = tool['outputSchema'] as JsonObject;
  return { ...tool, outputSchema: { type: 'object', properties: { result: embed(schema) }, required: ['result'] } };
}

/** A schema of its own within another, so that the references in it still start at its root (JSON Schema 2020-12 core §8.2.1). */
function embed(schema: JsonObject): JsonObject {
  const text = JSON.stringify(schema);
  if (schema['$id'] !== undefined || !/"\$(?:dynamicR|r)ef"/.test(text)) return schema;
  return { $id: `urn:sha256:${createHash('sha256').update(text).digest('hex')}`, ...schema };
}

function toLegacyToolResult(result: JsonObject, wrapsOutput: boolean): JsonObject {
  const output = result['structuredContent'];
  if (output === undefined || (isObject(output) && !wrapsOutput)) return result;
  const content = Array.isArray(result['content']) ? (result['content'] as unknown[]) : [];
  const hasText = content.some((block) => isObject(block) && block['type'] === 'text');
  const text = hasText ? [] : [{ type: 'text', text: JSON.stringify(output) }];
  return { ...result, content: [...content, ...text], structuredContent: { result: output } };
}
