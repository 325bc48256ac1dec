import type { StdioCommand } from '../../config/stdio-commands.js';
import { VERSION } from '../../common/version.js';
import { McpError } from '../../protocol/mcp-error.js';
import type { Era } from '../../protocol/exchange.js';
import type { InitializeResult } from '../eras/legacy-connection.js';
import { isObject, type JsonObject } from '../message-shape.js';
import { CAPABILITIES_KEY, VERSION_KEY } from '../modern-message.js';
import { LEGACY_VERSIONS, MODERN_VERSIONS } from '../protocol-versions.js';
import { type ChildConnection, failed } from './child-connection.js';

const CLIENT_INFO = { name: 'gatehouse', version: VERSION };
/** Over standard streams, the first revision differs in nothing that matters here, and many servers know no other. */
const ACCEPTED_VERSIONS = ['2024-11-05', ...LEGACY_VERSIONS];

/** What a child speaks, as it turned out. */
export type Spoken = { readonly era: 'modern' } | { readonly era: 'legacy'; readonly initializeResult: InitializeResult };

/**
 * Learns what a child speaks: `server/discover` first, which servers of the legacy era answer with an error, then `initialize`.
 * @throws {McpError} 502 or 504 where it speaks neither.
 */
export async function shakeHands(
  connection: ChildConnection,
  { startSeconds }: Pick<StdioCommand, 'startSeconds'>,
  era: Era | 'auto',
): Promise<Spoken> {
  const startMs = startSeconds * 1000;
  // A server that is silent where it should refuse leaves half of the time for the second question.
  if (era !== 'legacy' && (await isModern(connection, era === 'auto' ? startMs / 2 : startMs))) return { era: 'modern' };
  if (era === 'modern') throw failed(502, 'The child does not speak 2026-07-28');
  return { era: 'legacy', initializeResult: await initialize(connection, startMs) };
}

async function isModern(connection: ChildConnection, timeoutMs: number): Promise<boolean> {
  const _meta = {
    [VERSION_KEY]: MODERN_VERSIONS[0],
    [CAPABILITIES_KEY]: {},
    'io.modelcontextprotocol/clientInfo': CLIENT_INFO,
  };
  try {
    const versions = (await ask(connection, 'server/discover', { _meta }, timeoutMs))?.['supportedVersions'];
    return Array.isArray(versions) && versions.some((version) => MODERN_VERSIONS.includes(version as string));
  } catch (error) {
    if (error instanceof McpError && error.status === 504 && connection.isOpen) return false;
    throw error;
  }
}

async function initialize(connection: ChildConnection, timeoutMs: number): Promise<InitializeResult> {
  const params = { protocolVersion: LEGACY_VERSIONS.at(-1), capabilities: {}, clientInfo: CLIENT_INFO };
  const result = await ask(connection, 'initialize', params, timeoutMs);
  const { protocolVersion, capabilities, serverInfo, instructions } = result ?? {};
  if (typeof protocolVersion !== 'string' || !ACCEPTED_VERSIONS.includes(protocolVersion)) {
    throw failed(502, 'The child speaks no version of the protocol that is supported');
  }
  connection.notify({ jsonrpc: '2.0', method: 'notifications/initialized' });
  return {
    protocolVersion,
    capabilities: isObject(capabilities) ? capabilities : {},
    serverInfo: isObject(serverInfo) ? serverInfo : {},
    ...(typeof instructions === 'string' ? { instructions } : {}),
  };
}

/** The result; undefined where the child answers with an error. */
async function ask(connection: ChildConnection, method: string, params: JsonObject, timeoutMs: number): Promise<JsonObject | undefined> {
  const message = { jsonrpc: '2.0', id: 0, method, params };
  const request = {
    text: JSON.stringify(message),
    message,
    signal: new AbortController().signal,
    timeoutMs,
    onNotification: () => undefined,
  };
  const { result } = (await connection.request(request)).message;
  return isObject(result) ? result : undefined;
}
