import type { OutgoingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CLOCK, type Clock } from '../common/clock.js';
import { CONFIG, type Config } from '../config/config.js';
import { isEventStream } from '../protocol/answer.js';
import type { UpstreamAnswer } from '../protocol/exchange.js';
import { Admission } from './admission.service.js';
import { type Call, isListen } from './call.js';
import { type Answer, Gateway } from './gateway.service.js';
import type { HttpCall } from './http-call.js';
import type { LiveStream } from './live-streams.js';
import type { Principal } from './principal.js';
import type { ReadMessage } from './read-message.js';
import { StreamKeeper } from './stream-keeper.service.js';
import { answerHeaders, ResponseStream } from './write-response.js';

export interface McpRequest extends FastifyRequest {
  readonly params: { readonly slug?: string };
  /** Set by the guard of the protected face. */
  principal?: Principal;
}

/** Answers to a message end after this long, however they go on (R-GWC-15). */
const MAX_ANSWER_MS = 10 * 60_000;
/** A public stream ends after this long; its client opens another. */
const MAX_PUBLIC_STREAM_MS = 3600_000;

/** Between Fastify and the gateway: a request becomes a call, an answer goes out as it comes. */
@Injectable()
export class McpEndpoint implements OnModuleDestroy {
  private inFlight = 0;
  private whenIdle: (() => void) | undefined;

  constructor(
    private readonly admission: Admission,
    private readonly gateway: Gateway,
    private readonly streams: StreamKeeper,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Calls under way. */
  get calls(): number {
    return this.inFlight;
  }

  /** The public face: whoever calls. */
  servePublic(request: McpRequest, reply: FastifyReply): Promise<void> {
    const server = this.admission.admit('public', request.params.slug);
    return this.serve({ http: toHttpCall(request), connection: reply.raw, server, principal: undefined }, reply);
  }

  /** The protected face: a principal that the guard has found. */
  serveProtected(request: McpRequest, reply: FastifyReply): Promise<void> {
    const { principal } = request;
    if (!principal) throw new Error('The protected face was reached without its guard');
    return this.serve({ http: toHttpCall(request), connection: reply.raw, server: principal.server, principal }, reply);
  }

  /** Takes no more requests, ends the streams that would stay open, waits for the answers under way, and ends those that take too long. */
  async onModuleDestroy(): Promise<void> {
    this.admission.close();
    this.streams.leave();
    if (this.inFlight > 0) await this.untilIdle();
    this.streams.close();
  }

  private async untilIdle(): Promise<void> {
    const idle = new Promise<void>((resolve) => (this.whenIdle = resolve));
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<void>((resolve) => (timer = setTimeout(resolve, this.config.shutdown.drainMs)));
    await Promise.race([idle, deadline]);
    clearTimeout(timer);
  }

  private async serve(call: Call, reply: FastifyReply): Promise<void> {
    this.inFlight++;
    let streaming: Promise<void> | undefined;
    try {
      streaming = this.write(call, await this.gateway.handle(call), reply);
    } finally {
      // Whoever called is not kept waiting for a stream: the framework would hold all that it made for the request until its end.
      if (streaming) void streaming.finally(() => this.leave());
      else this.leave();
    }
  }

  private leave(): void {
    if (--this.inFlight === 0) this.whenIdle?.();
  }

  /** At once where the answer is whole; a stream until it ends. */
  private write(call: Call, { response, read, staysOpen }: Answer, reply: FastifyReply): Promise<void> | undefined {
    const { status, body } = response;
    if (!(body instanceof Readable)) {
      writeHead(response, read, reply, status === 204 ? undefined : (body?.length ?? 0));
      reply.raw.end(body);
      return undefined;
    }
    const length = response.headers['content-length'];
    writeHead(response, read, reply, length === undefined ? undefined : Number(length));
    const stream = new ResponseStream(body, reply.raw, {
      isEventStream: isEventStream(response),
      farewell: isListen(read) ? completionOf(read) : undefined,
    });
    return this.streams.watch(this.toLiveStream(call, { stream, staysOpen, socket: reply.raw.socket }), stream.run());
  }

  private toLiveStream(
    { principal, http }: Call,
    { stream, staysOpen, socket }: { stream: ResponseStream; staysOpen: boolean; socket: Socket | null },
  ): LiveStream {
    const longest = principal ? principal.claims.exp * 1000 : this.clock() + MAX_PUBLIC_STREAM_MS;
    const endsAt = staysOpen ? longest : Math.min(longest, this.clock() + MAX_ANSWER_MS);
    return { principal, address: http.address, endsAt, staysOpen, end: () => stream.end(), hangUp: () => void socket?.end() };
  }
}

function toHttpCall(request: McpRequest): HttpCall {
  const { method, headers, rawHeaders } = request.raw;
  const body = Buffer.isBuffer(request.body) ? request.body : undefined;
  return { method: method ?? '', headers, rawHeaders, body, address: request.ip };
}

/** What hooks have set for this reply (security and CORS headers) goes out with what the upstream answers. */
function writeHead(response: UpstreamAnswer, read: ReadMessage, reply: FastifyReply, length?: number): void {
  reply.hijack();
  const headers = Object.assign(reply.getHeaders() as OutgoingHttpHeaders, answerHeaders(response, read.era));
  if (length !== undefined) headers['content-length'] = length;
  reply.raw.writeHead(response.status, headers);
}

/** A subscription that we end is completed by its result, then closed (R-MOD-15, X-11). */
function completionOf({ id }: ReadMessage): string {
  const result = { resultType: 'complete', _meta: { 'io.modelcontextprotocol/subscriptionId': id } };
  return `event: message\ndata: ${JSON.stringify({ jsonrpc: '2.0', id, result })}\n\n`;
}
