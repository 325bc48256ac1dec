import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { countValues } from '../common/raw-headers.js';
import { sideBySide } from '../common/side-by-side.js';
import type { Config } from '../config/config.js';
import { PATHS, routeFamily } from '../protocol/urls.js';
import type { Drain } from '../common/drain.js';
import { pathOf, sendWireError, toWireError } from './families.js';
import type { WatchRoute } from './watch-routes.js';
import { cleanForwardedFor } from './forwarded-for.js';
import { createRequestIds, REQUEST_ID_HEADER } from './request-ids.js';
import type { RouteTable } from './route-table.js';

const MAX_HEADER_BYTES = 16 * 1024;
const BODY_LIMITS = { oauth: 64 * 1024, mcp: 4 * 1024 * 1024, web: 1024 * 1024 } as const;
const REQUEST_TIMEOUT_MS = 60_000;
const KEEP_ALIVE_MS = 65_000;

/** Fastify as this product needs it: bounds on everything, raw bodies where a protocol reads them itself. */
export function createAdapter(config: Config): FastifyAdapter {
  return new FastifyAdapter({
    http: { maxHeaderSize: MAX_HEADER_BYTES },
    trustProxy: config.trustProxy.length > 0 ? [...config.trustProxy] : false,
    bodyLimit: BODY_LIMITS.mcp,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    routerOptions: { maxParamLength: 256 },
    exposeHeadRoutes: true,
    rewriteUrl: ({ url = '/' }) => originForm(url),
    genReqId: createRequestIds(config.trustProxy),
    clientErrorHandler: answerBrokenHttp,
    frameworkErrors: answerUnreadablePath,
  });
}

/** What goes along with every request. */
export interface Surroundings {
  readonly drain: Drain;
  /** Told of every answer, by route; undefined where nobody wants to know. */
  readonly watch?: WatchRoute | undefined;
}

/** Before anybody asks for the address: Fastify believes what a trusted proxy passes on, whatever it looks like. */
function keepAddressesOnly({ headers }: FastifyRequest): void {
  const told = headers['x-forwarded-for'];
  if (told === undefined) return;
  const cleaned = cleanForwardedFor(String(told));
  if (cleaned === '') delete headers['x-forwarded-for'];
  else headers['x-forwarded-for'] = cleaned;
}

/** Installs the body parsers and the bounds of each route family; before any route is registered. */
export function prepareInstance(fastify: FastifyInstance, routes: RouteTable, { drain, watch }: Surroundings): void {
  fastify.addHook('onRoute', (route) => {
    routes.add(route.method, route.url);
    route.bodyLimit = BODY_LIMITS[routeFamily(route.url)];
    // Of the route alone, so that a request need not be asked which it is.
    if (watch) route.onResponse = watch(route.url);
  });
  fastify.addHook('onRequest', (request, reply, done) => {
    keepAddressesOnly(request);
    reply.header('x-content-type-options', 'nosniff').header(REQUEST_ID_HEADER, request.id);
    if (!isProtocol(request)) reply.header('x-frame-options', 'DENY').header('referrer-policy', 'no-referrer');
    // Answers of the admin API may hold a new secret.
    if (request.url.startsWith(PATHS.adminApi)) reply.header('cache-control', 'no-store');
    // Who has left by a reset before being read has no address any more, by which to be counted and noted; and nobody hears the answer.
    if (request.socket.remoteAddress === undefined) return done(toWireError(pathOf(request), { status: 400 }));
    // Whoever stands in front may have gone by the other one (RFC 9112 §3.2).
    if (hasSeveralHosts(request)) return done(toWireError(pathOf(request), { status: 400 }));
    if (!drain.isLeaving) return done();
    // The next request is better sent elsewhere. Proxies that watch no health hear it by this alone.
    if (drain.endsConnections) reply.header('connection', 'close');
    if (!drain.isDraining) return done();
    // Who watches it is told why it takes no more, and not that it is dead.
    if (isWatching(request)) return done();
    return done(toWireError(pathOf(request), { status: 503 }));
  });
  const together = sideBySide();
  fastify.addHook('preHandler', (_request, _reply, done) => together(done));
  const parseJson = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    if (takesBytes(pathOf(request))) done(null, body);
    else if (!isJson(request))
      done(Object.assign(new Error('Unsupported media type'), { statusCode: 415, code: 'FST_ERR_CTP_INVALID_MEDIA_TYPE' }));
    // Scripts send the type with every request, also where there is no body to send.
    else if (body.length === 0) done(null, undefined);
    else void parseJson(request, body.toString('utf8'), done);
  });
}

/** A target as proxies are asked for it: every server has to take that as well (RFC 9112 §3.2.2). */
export function originForm(target: string): string {
  if (target.startsWith('/')) return target;
  return target.replace(/^https?:\/\/[^/?#]*(?=\/|$)/i, '') || '/';
}

/** What is read by a protocol, or signed byte by byte. */
const takesBytes = (path: string): boolean => routeFamily(path) !== 'web' || path.startsWith(PATHS.webhooks);

const hasSeveralHosts = ({ raw }: FastifyRequest): boolean => countValues(raw.rawHeaders, 'host') > 1;

const isWatching = ({ url }: FastifyRequest): boolean => url.startsWith(`${PATHS.health}/`) || url === PATHS.metrics;

const isProtocol = (request: FastifyRequest): boolean => request.url.startsWith('/authed/') || request.url.startsWith('/mcp');

const isJson = (request: FastifyRequest): boolean => /^application\/json *(;|$)/i.test(request.headers['content-type'] ?? '');

/**
 * A path that the router cannot read, for which it runs no hook and no filter: a malformed escape, or a segment that is longer than
 * any name of ours. The framework's own answer would repeat the path, and whatever secret stands in it.
 */
function answerUnreadablePath({ code }: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  const path = pathOf(request);
  reply.header('x-content-type-options', 'nosniff').header(REQUEST_ID_HEADER, request.id);
  sendWireError(toWireError(path, { status: code === 'FST_ERR_BAD_URL' ? 400 : 404 }), path, reply);
}

/** Bytes that are no HTTP at all: one answer, and the connection ends. */
function answerBrokenHttp(
  this: unknown,
  error: NodeJS.ErrnoException,
  socket: { writable: boolean; end(text: string): void; destroy(): void },
): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, reason] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? [431, 'Request Header Fields Too Large']
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? [408, 'Request Timeout']
        : [400, 'Bad Request'];
  const body = JSON.stringify({ type: 'about:blank', title: reason, status });
  socket.end(
    `HTTP/1.1 ${status} ${reason}\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
