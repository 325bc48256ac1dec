import { Readable } from 'node:stream';
import { isEventStream } from '../../protocol/answer.js';
import type { Exchange, UpstreamAnswer } from '../../protocol/exchange.js';
import { McpError } from '../../protocol/mcp-error.js';
import { isObject } from '../message-shape.js';
import { LEGACY_VERSIONS } from '../protocol-versions.js';
import { messagesOf } from '../upstream-call.js';
import { malformed } from './faults.js';

const MAX_BYTES = 1024 * 1024;
const NEWEST = LEGACY_VERSIONS.at(-1);

/** The body of an `initialize`. Asked for a revision that the gateway does not speak, it asks for the newest that it does (R-LEG-03). */
export function initializeBody({ body, message }: Exchange): Buffer | undefined {
  const params = isObject(message) ? message['params'] : undefined;
  const version = isObject(params) ? params['protocolVersion'] : undefined;
  if (!isObject(message) || !isObject(params) || typeof version !== 'string' || LEGACY_VERSIONS.includes(version)) return body;
  return Buffer.from(JSON.stringify({ ...message, params: { ...params, protocolVersion: NEWEST } }));
}

export interface Initialized {
  /** The revision that was agreed on; undefined where the upstream answered with an error. */
  readonly version: string | undefined;
  /** The whole answer, as it came. */
  readonly body: Buffer;
}

/** Reads the answer to an `initialize` to its end: what was agreed on belongs to the session. */
export async function readInitialized(answer: UpstreamAnswer, id: Exchange['id']): Promise<Initialized> {
  const body = await collect(answer, id);
  let result: unknown;
  for await (const message of messagesOf({ ...answer, body: isEventStream(answer) ? Readable.from([body]) : body })) {
    if (message['id'] === id && message['method'] === undefined) result = message['result'];
  }
  const version = isObject(result) ? result['protocolVersion'] : undefined;
  return { version: typeof version === 'string' ? version : undefined, body };
}

async function collect({ body }: UpstreamAnswer, id: Exchange['id']): Promise<Buffer> {
  if (!(body instanceof Readable)) return body ?? Buffer.alloc(0);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MAX_BYTES) throw malformed(id, 'The answer to initialize is too long');
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof McpError ? error : malformed(id, `The answer to initialize broke off: ${String(error)}`);
  }
  return Buffer.concat(chunks);
}
