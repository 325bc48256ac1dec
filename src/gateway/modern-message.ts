import { MCP_CODE, McpError } from '../protocol/mcp-error.js';
import type { HttpCall } from './http-call.js';
import { decodeHeaderValue, nameSourceOf, standardHeader } from './mcp-headers.js';
import { isObject, type ParsedMessage } from './message-shape.js';
import { MODERN_VERSIONS } from './protocol-versions.js';

export const VERSION_KEY = 'io.modelcontextprotocol/protocolVersion';
export const CAPABILITIES_KEY = 'io.modelcontextprotocol/clientCapabilities';

/**
 * The checks of the modern era in the order that the protocol prescribes: kind, required `_meta`, header
 * equals body, version supported, `Mcp-Method` and `Mcp-Name`. Notifications have no header rules.
 */
export function checkModernMessage(http: HttpCall, message: ParsedMessage): void {
  if (message.method === undefined) {
    throw new McpError(400, MCP_CODE.invalidRequest, 'From 2026-07-28 on, a client sends requests and notifications only.');
  }
  requireMeta(message);
  const version = requireSameVersion(http, message);
  if (!MODERN_VERSIONS.includes(version)) {
    throw new McpError(400, MCP_CODE.unsupportedProtocolVersion, 'This protocol version is not supported.', {
      id: message.id,
      data: { supported: MODERN_VERSIONS, requested: version },
    });
  }
  if (message.id === undefined) return;
  requireSameMethod(http, message);
  requireSameName(http, message, message.method);
}

function requireMeta({ id, meta }: ParsedMessage): void {
  const isNotification = id === undefined;
  const version = meta?.[VERSION_KEY];
  if (typeof version !== 'string' && !(isNotification && version === undefined)) throw missing(VERSION_KEY, id);
  if (!isNotification && !isObject(meta?.[CAPABILITIES_KEY])) throw missing(CAPABILITIES_KEY, id);
}

function requireSameVersion(http: HttpCall, { id, meta }: ParsedMessage): string {
  const header = standardHeader(http, 'mcp-protocol-version');
  const claimed = meta?.[VERSION_KEY] as string | undefined;
  const isOptional = id === undefined && (header.value === undefined || claimed === undefined);
  if (header.isRepeated || (!isOptional && header.value !== claimed)) throw mismatch('MCP-Protocol-Version', id);
  return claimed ?? header.value ?? '';
}

function requireSameMethod(http: HttpCall, { id, method }: ParsedMessage): void {
  const header = standardHeader(http, 'mcp-method');
  if (header.isRepeated || header.value !== method) throw mismatch('Mcp-Method', id);
}

function requireSameName(http: HttpCall, { id, params }: ParsedMessage, method: string): void {
  const member = nameSourceOf(method);
  if (member === undefined) return;
  const header = standardHeader(http, 'mcp-name');
  const inHeader = header.value === undefined ? undefined : decodeHeaderValue(header.value);
  const isMalformed = header.isRepeated || (header.value !== undefined && inHeader === undefined);
  // Without the member on both sides there is nothing to compare: the method's own checks find it missing.
  if (isMalformed || inHeader !== params?.[member]) throw mismatch('Mcp-Name', id);
}

const missing = (key: string, id: ParsedMessage['id']): McpError =>
  new McpError(400, MCP_CODE.invalidParams, `Invalid params: _meta must hold ${key}.`, { id });

const mismatch = (header: string, id: ParsedMessage['id']): McpError =>
  new McpError(400, MCP_CODE.headerMismatch, `The header ${header} is missing, malformed or differs from the body.`, { id });
