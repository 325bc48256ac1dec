// From the parts of a request to what travels, and what comes back.
import { connect } from 'node:net';

const HANG_MS = 15_000;
const PATIENCE_MS = 300;

/** Form encodings: as they should be, as sloppy clients do it, and broken. */
const ENCODINGS = [
  [80, (text) => encodeURIComponent(text.toWellFormed()).replaceAll('%20', '+')],
  [4, (text) => [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')],
  [4, (text) => text],
  [2, (text) => encodeURIComponent(text.toWellFormed()).replaceAll('+', '%2B').toLowerCase()],
  [1, (text) => `${encodeURIComponent(text.toWellFormed())}%`],
  [1, (text) => `${encodeURIComponent(text.toWellFormed())}%zz`],
  [1, (text) => `${encodeURIComponent(text.toWellFormed())}%C0%AF`],
  [1, (text) => `${encodeURIComponent(text.toWellFormed())}%ED%A0%80`],
];

/** The bytes of a form. Odd encodings are for drafts that were changed anyway. */
export function encodeForm(random, form, isOdd) {
  const one = () => (isOdd ? random.weighted(ENCODINGS) : ENCODINGS[0][1]);
  const text = form.map(([name, value]) => `${ENCODINGS[0][1](name)}=${one()(value)}`).join(isOdd && random.chance(1) ? ';' : '&');
  return Buffer.from(text, isOdd && random.chance(2) ? 'latin1' : 'utf8');
}

/** What HTTP lets through in a header value; the rest is tried with whole requests, byte by byte. */
export const cleanHeader = (value) => value.replace(/[^\t\x20-\x7e\x80-\xff]/gu, '?').trim();

/** The same for `inject` and for an HTTP client. */
export function toMessage({ method, path, query, headers, body }, port) {
  const fields = { host: `localhost:${port}` };
  for (const [name, value] of headers) (fields[name.toLowerCase()] ??= []).push(cleanHeader(value));
  return { method, url: path + query.replace(/[^\x21-\x7e]/g, ''), headers: fields, payload: body };
}

/** The whole request in HTTP/1.1, for a connection of its own. */
export function toBytes(random, { method, path, query, headers, body = Buffer.alloc(0) }, port) {
  const isChunked = random.chance(15);
  const lines = [
    `${method} ${path}${query.replace(/[^\x21-\x7e]/g, '')} HTTP/1.1`,
    `Host: localhost:${port}`,
    ...headers.map(([name, value]) => `${name}: ${cleanHeader(value)}`),
    isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`,
    'Connection: close',
  ];
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  return Buffer.concat(isChunked ? [head, ...toChunks(random, body)] : [head, body]);
}

function toChunks(random, body) {
  const chunks = [];
  for (let at = 0; at < body.length;) {
    const chunk = body.subarray(at, at + 1 + random.int(5000));
    chunks.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n'));
    at += chunk.length;
  }
  return [...chunks, Buffer.from('0\r\n\r\n')];
}

const INTERESTING = [
  '\0',
  '\r\n',
  '\r\n\r\n',
  '%',
  '%0',
  '&',
  '=',
  '&&',
  '+',
  '"',
  '\xff',
  '\xc0\xaf',
  '\xed\xa0\x80',
  '.',
  ':',
  ',',
  ';',
  '[]',
];

const MUTATIONS = [
  (random, bytes, at) => bytes.fill(bytes[at] ^ (1 << random.int(8)), at, at + 1),
  (random, bytes, at) => bytes.fill(random.int(256), at, at + 1),
  (random, bytes, at) => cut(bytes, at, 1 + random.int(8)),
  (random, bytes, at) => cut(bytes, at, bytes.length),
  (random, bytes, at) => splice(bytes, at, 0, Buffer.from(random.pick(INTERESTING), 'latin1')),
  (random, bytes, at) => splice(bytes, at, 0, random.bytes(1 + random.int(8))),
  (random, bytes, at) => splice(bytes, at, 0, bytes.subarray(at, at + 1 + random.int(64))),
  (random, bytes, at) => splice(bytes, at, 0, bytes.subarray(random.int(bytes.length))),
  (random, bytes, at) => splice(bytes, at, 1, Buffer.alloc(1 + random.int(2000), bytes[at])),
];

const splice = (bytes, at, removed, added) => Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at + removed)]);
const cut = (bytes, at, length) => splice(bytes, at, length, Buffer.alloc(0));

/** Changes a few bytes, whatever they mean. */
export function mutate(random, original) {
  let bytes = Buffer.from(original);
  for (let i = 1 + random.int(5); i > 0 && bytes.length > 0; i--) bytes = random.pick(MUTATIONS)(random, bytes, random.int(bytes.length));
  return bytes;
}

/**
 * Sends bytes on a connection of their own and reads to its end. Where they may be no whole request, or ask for the connection to be
 * kept, the end of our half comes after a while; not at once, for the server takes that for a client that has gone.
 * @returns the first answer as `{ status, headers, text }`, with status 0 where the connection ended without one
 * @throws where it stays open for 15 s
 */
export function exchange(bytes, port, isWhole) {
  return new Promise((resolve, reject) => {
    const parts = [];
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    const patience = setTimeout(() => isWhole || socket.end(), PATIENCE_MS);
    const hang = setTimeout(() => done(() => reject(new Error('the connection hangs'))), HANG_MS);
    const done = (settle) => {
      clearTimeout(patience);
      clearTimeout(hang);
      socket.destroy();
      settle();
    };
    const finish = () => done(() => resolve(parseAnswer(Buffer.concat(parts))));
    socket.on('data', (part) => parts.push(part));
    // A reset while we were still sending: what came before it counts.
    socket.on('error', finish);
    socket.on('end', finish);
    socket.write(bytes);
  });
}

function parseAnswer(bytes) {
  const text = bytes.toString('utf8').replace(/^HTTP\/1\.1 100 [^\r]*\r\n\r\n/, '');
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1] ?? 0);
  const end = text.indexOf('\r\n\r\n');
  const headers = {};
  for (const line of text.slice(0, Math.max(0, end)).split('\r\n').slice(1)) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    headers[name] = name in headers ? [headers[name], line.slice(colon + 1).trim()].flat() : line.slice(colon + 1).trim();
  }
  const length = Number(headers['content-length'] ?? NaN);
  const rest = Buffer.from(text.slice(end + 4));
  return { status, headers, text: (Number.isNaN(length) ? rest : rest.subarray(0, length)).toString('utf8') };
}
