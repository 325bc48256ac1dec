// RATE requests a second for SECONDS, whatever becomes of those before; prints their latencies in milliseconds and their statuses as JSON.
// GUESSING=1: each with another client id and another secret, all wrong.
// Over sockets of its own: an HTTP client would take as much of its core as the server takes of the other, and its queue would be timed.
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

const { AUTHORIZATION: authorization, GUESSING: isGuessing } = process.env;
const url = new URL(process.env.URL);
const [rate, seconds] = [Number(process.env.RATE), Number(process.env.SECONDS)];
const TICK_MS = 2;
const CONNECTIONS = 64;
const BODY = 'grant_type=client_credentials';
const HEAD = [
  `POST ${url.pathname} HTTP/1.1`,
  `Host: ${url.host}`,
  'Content-Type: application/x-www-form-urlencoded',
  `Content-Length: ${BODY.length}`,
].join('\r\n');

const latencies = [];
const statuses = {};
const idle = [];
const queue = [];
const total = rate * seconds;
let done;
const finished = new Promise((resolve) => (done = resolve));

const guess = () =>
  `Basic ${Buffer.from(`mcc_${randomBytes(16).toString('hex').slice(0, 26)}:mcs_${randomBytes(32).toString('hex')}`).toString('base64')}`;

/** The status of an answer that is there as a whole, else undefined. */
function statusOf(text) {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, end))?.[1];
  if (length === undefined) throw new Error(`No content-length: ${text}`);
  return text.length >= end + 4 + Number(length) ? text.slice(9, 12) : undefined;
}

function open() {
  const connection = { socket: connect(Number(url.port), url.hostname), due: 0, text: '' };
  connection.socket.setNoDelay(true);
  connection.socket.setEncoding('latin1');
  connection.socket.on('data', (part) => read(connection, part));
  connection.socket.once('close', () => {
    throw new Error('A connection was closed');
  });
  return new Promise((resolve) => connection.socket.once('connect', () => resolve(connection)));
}

function read(connection, part) {
  connection.text += part;
  const status = statusOf(connection.text);
  if (status === undefined) return;
  latencies.push(performance.now() - connection.due);
  statuses[status] = (statuses[status] ?? 0) + 1;
  connection.text = '';
  if (latencies.length === total) done();
  const next = queue.shift();
  if (next === undefined) idle.push(connection);
  else send(connection, next);
}

/** Timed from when it was due: what waits behind a slow one waits, too. */
function send(connection, due) {
  connection.due = due;
  connection.socket.write(`${HEAD}\r\nAuthorization: ${isGuessing ? guess() : authorization}\r\n\r\n${BODY}`);
}

idle.push(...(await Promise.all(Array.from({ length: CONNECTIONS }, open))));
const start = performance.now();
for (let count = 0; count < total;) {
  const due = Math.min(total, Math.floor(((performance.now() - start) / 1000) * rate) + 1);
  for (; count < due; count++) {
    const at = start + (count / rate) * 1000;
    const connection = idle.shift();
    if (connection) send(connection, at);
    else queue.push(at);
  }
  await sleep(TICK_MS);
}
await finished;
latencies.sort((a, b) => a - b);
const at = (share) => latencies[Math.floor(latencies.length * share)];
console.log(JSON.stringify({ p50: at(0.5), p99: at(0.99), statuses }));
process.exit(0);
