// What both peers of the bench share: the least that checks a token and forwards. A JWT is verified once and remembered until it
// expires; a request is collected and sent in one piece by undici's dispatcher, its answer written as it comes.
import { createPublicKey, verify } from 'node:crypto';
import { Pool } from 'undici';

const key = createPublicKey({ key: JSON.parse(process.env.JWK), format: 'jwk' });
const upstream = new URL(process.env.UPSTREAM);
const pool = new Pool(upstream.origin, { pipelining: 1, headersTimeout: 30_000, bodyTimeout: 0, keepAliveTimeout: 60_000 });
const verified = new Map();
const HOP_BY_HOP = new Set([
  'authorization',
  'connection',
  'content-length',
  'host',
  'keep-alive',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Whether a request has a token that holds. */
export function isAuthorized({ headers: { authorization = '' } }) {
  if (!authorization.startsWith('Bearer ')) return false;
  const token = authorization.slice(7);
  const now = Date.now() / 1000;
  const known = verified.get(token);
  if (known) return known.exp > now;
  const [header, payload, signature] = token.split('.');
  const input = Buffer.from(`${header}.${payload}`);
  if (!verify('sha256', input, { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature ?? '', 'base64url'))) return false;
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
  if (claims.aud !== 'urn:bench' || !(claims.exp > now)) return false;
  if (verified.size < 10_000) verified.set(token, claims);
  return true;
}

function headersOf({ headers }) {
  const forwarded = {};
  for (const name in headers) if (!HOP_BY_HOP.has(name)) forwarded[name] = headers[name];
  return forwarded;
}

function dispatch(request, response, body) {
  let abort;
  let resume;
  const fail = () => (response.headersSent ? response.destroy() : response.writeHead(502).end());
  response.on('close', () => !response.writableFinished && abort?.(new Error('The client left')));
  response.on('drain', () => resume?.());
  pool.dispatch(
    { path: upstream.pathname, method: request.method, headers: headersOf(request), body },
    {
      onConnect: (stop) => {
        abort = stop;
      },
      onHeaders: (status, raw, proceed) => {
        resume = proceed;
        const headers = {};
        for (let i = 0; i < raw.length; i += 2) {
          const name = raw[i].toString('latin1').toLowerCase();
          if (name !== 'connection' && name !== 'keep-alive' && name !== 'transfer-encoding') headers[name] = raw[i + 1].toString('latin1');
        }
        response.writeHead(status, headers);
        if (!headers['content-length']) response.flushHeaders();
        return true;
      },
      onData: (chunk) => response.write(chunk),
      onComplete: () => response.end(),
      onError: fail,
    },
  );
}

export function forward(request, response) {
  if (request.method === 'GET') return dispatch(request, response, null);
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => dispatch(request, response, parts.length === 1 ? parts[0] : Buffer.concat(parts)));
}
