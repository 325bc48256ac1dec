// Sends an MCP request over HTTP and reads what comes, streams included.
import { Agent, request as httpRequest } from 'node:http';
import { cleanHeader } from './wire.mjs';

/** A stream that stays open is looked at for so long. */
const LOOK_MS = 15;
const MAX_TEXT = 8 * 2 ** 20;
const ASKED = /"id":"gatehouse-\d+","method"/;

/** @returns a function that sends `{ method, path, query, headers, body, staysOpen, leavesAfterMs }` */
export function openClient(port) {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  const send = (request) => new Promise((resolve, reject) => new Exchange(request, { agent, port }, resolve, reject).run());
  return { send, close: () => agent.destroy() };
}

class Exchange {
  text = '';
  length = 0;
  isDone = false;

  constructor(request, connection, resolve, reject) {
    Object.assign(this, { request, connection, resolve, reject });
  }

  run() {
    const { method, path, query, headers, body, leavesAfterMs } = this.request;
    const { agent, port } = this.connection;
    const fields = ['host', `localhost:${port}`, ...headers.flatMap(([name, value]) => [name, cleanHeader(String(value))])];
    if (method !== 'GET' && method !== 'HEAD') fields.push('content-length', String(body.length));
    const url = path + query.replace(/[^\x21-\x7e]/g, '');
    this.sent = httpRequest({ port, host: '127.0.0.1', agent, method, path: url, headers: fields, setHost: false });
    this.sent.on('error', (error) => (this.hasLeft ? this.done({ left: true }) : this.fail(error)));
    this.sent.on('response', (response) => this.read(response));
    if (leavesAfterMs !== undefined) setTimeout(() => this.leave(), leavesAfterMs);
    this.sent.end(method === 'GET' || method === 'HEAD' ? undefined : body);
  }

  leave() {
    if (this.isDone) return;
    this.hasLeft = true;
    this.sent.destroy();
    this.done({ left: true });
  }

  read(response) {
    this.response = response;
    response.setEncoding('utf8');
    response.on('data', (part) => {
      this.length += part.length;
      // What the client is asked it may take minutes to answer; this one never does.
      if (ASKED.test(part)) setTimeout(() => this.cut(), LOOK_MS);
      if (this.length < MAX_TEXT) this.text += part;
      else this.isCutShort = true;
    });
    response.on('error', () => this.done({ broken: true }));
    response.on('end', () => this.done({ cut: this.isCutShort }));
    response.on('close', () => this.done({ broken: true }));
    const isStream = String(response.headers['content-type']).startsWith('text/event-stream');
    if (isStream && this.request.staysOpen) setTimeout(() => this.cut(), LOOK_MS);
  }

  cut() {
    if (this.isDone) return;
    this.done({ cut: true });
    this.sent.destroy();
  }

  /** The server may end a connection with an answer that it has no room for, or none. */
  fail(error) {
    if (this.response) return this.done({ broken: true });
    if (['ECONNRESET', 'EPIPE'].includes(error.code) || String(error.code).startsWith('HPE_')) return this.done({ broken: true });
    this.isDone = true;
    this.reject(error);
  }

  done(how) {
    if (this.isDone) return;
    this.isDone = true;
    const { statusCode: status = 0, headers = {} } = this.response ?? {};
    this.resolve({ status, headers, text: this.text, ...how });
  }
}
