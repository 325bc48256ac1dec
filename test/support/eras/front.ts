import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Clock } from '../../../src/common/clock.js';
import { Sealer } from '../../../src/database/sealer.js';
import { EraBridge } from '../../../src/gateway/eras/era-bridge.js';
import { OWN_STATES, type SessionStates } from '../../../src/gateway/eras/session-states.js';
import { HttpExchange } from '../../../src/gateway/http-exchange.js';
import { readMessage } from '../../../src/gateway/read-message.js';
import { answerHeaders, ResponseStream } from '../../../src/gateway/write-response.js';
import { isEventStream } from '../../../src/protocol/answer.js';
import type { Caller, McpUpstream } from '../../../src/protocol/exchange.js';
import { type JsonRpcId, McpError } from '../../../src/protocol/mcp-error.js';
import { readBody, serve, type TestServer } from './http-server.js';

/** An MCP endpoint in front of an upstream: what the gateway does, less its tokens. The header `x-owner` says who calls. */
export interface Front extends TestServer {
  /** Sends a message, or none, and reads the whole answer. */
  ask(message: unknown, init?: { headers?: Record<string, string>; method?: string; signal?: AbortSignal }): Promise<Response>;
}

export interface FrontOptions {
  readonly isAllowed?: Caller['isAllowed'];
}

export const sealer = new Sealer(randomBytes(32));

export const bridge = (
  upstream: McpUpstream,
  { clock = () => Date.now(), states = OWN_STATES }: { readonly clock?: Clock; readonly states?: SessionStates } = {},
): EraBridge => new EraBridge(upstream, { serverId: 's1', sealer, clock, url: 'http://gatehouse.test/mcp', states });

export async function serveUpstream(upstream: McpUpstream, { isAllowed = () => true }: FrontOptions = {}): Promise<Front> {
  const server = await serve(async (request, response) => {
    const body = request.method === 'POST' ? await readBody(request) : undefined;
    const { method = '', headers, rawHeaders } = request;
    const http = { method, headers, rawHeaders, body, address: '127.0.0.1' };
    let id: JsonRpcId | undefined;
    const caller: Caller = { owner: String(headers['x-owner'] ?? 'c1'), audience: 'authenticated', groups: [], isAllowed };
    try {
      const read = readMessage(http);
      id = read.id;
      const answer = await upstream.handle(
        new HttpExchange({ http, read, caller, connection: response, url: 'http://gatehouse.test/mcp' }),
      );
      response.writeHead(answer.status, answerHeaders(answer, read.era));
      if (answer.body instanceof Readable)
        await new ResponseStream(answer.body, response, { isEventStream: isEventStream(answer), farewell: '' }).run();
      else response.end(answer.body);
    } catch (error) {
      if (!(error instanceof McpError)) throw error;
      const { status, headers: own } = error;
      response
        .writeHead(status, { ...own, 'content-type': 'application/json' })
        .end(JSON.stringify(error.answering(id ?? error.id).toBody()));
    }
  });
  const ask: Front['ask'] = (message, { headers = {}, method = 'POST', signal } = {}) =>
    fetch(server.url, {
      method,
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
      ...(message === undefined ? {} : { body: JSON.stringify(message) }),
      ...(signal ? { signal } : {}),
    });
  return { ...server, ask };
}
