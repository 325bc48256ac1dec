import type { ServerResponse } from 'node:http';
import type { OutgoingHttpHeaders } from 'node:http';
import { Inject, Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Repository } from 'typeorm';
import { CLOCK, type Clock } from '../common/clock.js';
import { timeOfId } from '../common/ids.js';
import { ProblemError } from '../protocol/problem.js';
import { AdminKey } from './admin-key.entity.js';
import { Admin } from './admin.entity.js';
import type { AdminPrincipal } from './current-admin.decorator.js';
import { type EventFilterDto, toEventDto } from './event.dto.js';
import { EventTail } from './event-tail.js';
import { EventsService } from './events.service.js';
import { SessionAuthenticator } from './sessions/session-authenticator.service.js';

const READ_EVERY_MS = 1000;
const KEEP_ALIVE_MS = 15_000;
const MAX_AGE_MS = 3_600_000;
/** Bytes that wait for a reader who does not read. */
const MAX_WAITING = 1024 * 1024;
const PER_ADMIN = 10;
const TOTAL = 100;

export type EndReason = 'session' | 'shutdown' | 'age' | 'slow';

/** Who follows what. */
export interface Follower {
  readonly query: EventFilterDto;
  readonly me: AdminPrincipal;
  readonly request: FastifyRequest;
}

interface OpenStream {
  readonly adminId: string;
  readonly wake: () => void;
  isGone: boolean;
}

/** Serves the growing audit trail as server-sent events. Each stream asks once a second, and ends with the right to it. */
@Injectable()
export class EventStreams implements OnModuleDestroy {
  private readonly logger = new Logger('EventStreams');
  private readonly streams = new Set<OpenStream>();
  private isClosing = false;

  constructor(
    private readonly events: EventsService,
    private readonly sessions: SessionAuthenticator,
    @InjectRepository(Admin) private readonly admins: Repository<Admin>,
    @InjectRepository(AdminKey) private readonly keys: Repository<AdminKey>,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Streams that are open. */
  get size(): number {
    return this.streams.size;
  }

  onModuleDestroy(): void {
    this.isClosing = true;
    for (const stream of this.streams) stream.wake();
  }

  /** @throws {ProblemError} `too_many_requests` for more streams than anybody needs. */
  async serve(follower: Follower, reply: FastifyReply): Promise<void> {
    this.requireRoom(follower.me.id);
    reply.hijack();
    const response = reply.raw;
    const headers = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no' };
    response.writeHead(200, { ...(reply.getHeaders() as OutgoingHttpHeaders), ...headers });
    if (follower.request.method === 'HEAD') {
      response.end();
      return;
    }
    const stopped = new AbortController();
    const stream: OpenStream = { adminId: follower.me.id, wake: () => stopped.abort(), isGone: false };
    response.on('error', () => undefined); // it has left; 'close' follows
    response.once('close', () => {
      stream.isGone = true;
      stream.wake();
    });
    this.streams.add(stream);
    try {
      response.write(': following\n\n');
      const reason = await this.follow(follower, { response, stream, stopped: stopped.signal });
      if (reason !== undefined) response.write(`event: end\ndata: ${JSON.stringify({ reason })}\n\n`);
    } finally {
      this.streams.delete(stream);
      response.end();
    }
  }

  private requireRoom(adminId: string): void {
    const own = [...this.streams].filter((stream) => stream.adminId === adminId).length;
    if (own < PER_ADMIN && this.streams.size < TOTAL) return;
    throw new ProblemError('too_many_requests', 'Too many streams are open. Close one.', { headers: { 'retry-after': '10' } });
  }

  /** Undefined where the reader has left. */
  private async follow({ query, me, request }: Follower, { response, stream, stopped }: Line): Promise<EndReason | undefined> {
    const tail = new EventTail((id, take) => this.events.after(query, id, take), this.clock, lastEventId(request));
    const startedAt = performance.now();
    let saidAt = startedAt;
    for (;;) {
      if (stream.isGone) return undefined;
      if (this.isClosing) return 'shutdown';
      if (performance.now() - startedAt > MAX_AGE_MS) return 'age';
      if (response.writableLength > MAX_WAITING) return 'slow';
      if (!(await this.mayGoOn(me, request))) return 'session';
      const text = await this.read(tail);
      if (text !== '' || performance.now() - saidAt > KEEP_ALIVE_MS) {
        response.write(text || ': still here\n\n');
        saidAt = performance.now();
      }
      await pause(READ_EVERY_MS, stopped);
    }
  }

  private async read(tail: EventTail): Promise<string> {
    try {
      const { events, isCut } = await tail.read();
      const lines = events.map((event) => `event: audit\nid: ${event.id}\ndata: ${JSON.stringify(toEventDto(event))}\n\n`);
      return lines.join('') + (isCut ? 'event: gap\ndata: {}\n\n' : '');
    } catch (error) {
      // The stream goes on when the database is back.
      this.logger.warn(`The audit trail could not be read: ${(error as Error).message}`);
      return '';
    }
  }

  private async mayGoOn(me: AdminPrincipal, request: FastifyRequest): Promise<boolean> {
    try {
      if (me.session) return await this.sessions.isLive(request, me.session);
      if (me.kind === 'admin') return (await this.admins.findOneBy({ id: me.id }))?.isEnabled ?? false;
      const key = await this.keys.findOneBy({ id: me.id });
      return key !== null && (key.expiresAt === null || key.expiresAt > this.clock());
    } catch (error) {
      // Nobody can say any more: fail closed, the page connects again.
      this.logger.warn(`The right to a stream could not be checked: ${(error as Error).message}`);
      return false;
    }
  }
}

interface Line {
  readonly response: ServerResponse;
  readonly stream: OpenStream;
  readonly stopped: AbortSignal;
}

/** Where a browser that lost its connection wants to go on. */
function lastEventId({ headers }: FastifyRequest): string | undefined {
  const id = headers['last-event-id'];
  return typeof id === 'string' && timeOfId(id) !== undefined ? id : undefined;
}

function pause(milliseconds: number, stopped: AbortSignal): Promise<void> {
  if (stopped.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      stopped.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    stopped.addEventListener('abort', end);
  });
}
