import { request } from 'node:http';
import { callOf, callPath } from './client.mjs';

/**
 * A call on a connection of its own, whose answer is read up to `bytes` and then left. Gives what came until then:
 * `status`, how much of the answer, its beginning, and whether it ended by itself.
 */
export function readSome(
  port,
  token,
  { server, name, method = 'tools/call', params = name ? { name, arguments: {} } : {}, bytes, pauseMs = 0, timeoutMs = 20_000 },
) {
  return new Promise((resolve) => {
    const began = performance.now();
    const { headers, body } = callOf(token, method, params);
    const options = { host: '127.0.0.1', port, method: 'POST', path: callPath(server), headers, agent: false };
    const seen = { status: 0, headers: {}, json: {}, size: 0, head: '', end: 'left', ms: 0 };
    const done = (end) => {
      clearTimeout(timer);
      outgoing.destroy();
      resolve({ ...seen, end, ms: performance.now() - began });
    };
    const timer = setTimeout(() => done('too late'), timeoutMs);
    const outgoing = request(options, (answer) => {
      seen.status = answer.statusCode;
      seen.headers = answer.headers;
      answer.on('data', (chunk) => {
        seen.size += chunk.length;
        if (seen.head.length < 1000) seen.head += chunk.toString('utf8', 0, 1000);
        if (seen.size >= bytes) done('left');
      });
      answer.on('end', () => {
        seen.json = toJson(seen.head);
        done('ended');
      });
      answer.on('error', () => done('broken off'));
      if (pauseMs > 0) {
        answer.pause();
        setTimeout(() => answer.resume(), pauseMs);
      }
    });
    outgoing.on('error', ({ code }) => {
      seen.code = code;
      done('broken off');
    });
    outgoing.end(body);
  });
}

function toJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    // A stream, or a part of an answer.
    return {};
  }
}
