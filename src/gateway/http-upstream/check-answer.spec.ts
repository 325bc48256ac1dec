import { describe, expect, it } from '@jest/globals';
import { checkAnswer } from './check-answer.js';
import { UpstreamBody } from './upstream-body.js';

describe('what of an answer is not passed on', () => {
  it.each<['DELETE' | 'POST', number]>([
    ['DELETE', 200],
    ['POST', 202],
  ])('is ended at the upstream: %s', (method, status) => {
    let isStopped = false;
    const source = { resume: () => undefined, stop: () => void (isStopped = true), drain: () => undefined, linger: () => undefined };
    const body = new UpstreamBody(source, { outlivesReader: true });
    const raw = { status: 200, headers: { 'content-type': 'text/event-stream' }, body };
    expect(checkAnswer(raw, { method, ids: [], id: undefined, hasSession: true })).toMatchObject({ status, body: undefined });
    expect(isStopped).toBe(true);
  });
});

describe('a long answer', () => {
  const ID = 'i'.repeat(1000);
  const result = { text: 'x'.repeat(10_000) };
  const check = (id: string | number, body: object | string) =>
    checkAnswer(
      {
        status: 200,
        headers: { 'content-type': 'application/json' },
        body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
      },
      { method: 'POST', ids: [id], id, hasSession: false },
    );

  it.each<[string, string | number, object]>([
    ['at the beginning', 7, { jsonrpc: '2.0', id: 7, result }],
    ['at the end', 7, { result, id: 7 }],
    ['before the version', 7, { result, id: 7, jsonrpc: '2.0' }],
    ['in between', 7, { result, id: 7, more: result }],
    ['at length', ID, { jsonrpc: '2.0', id: ID, result }],
  ])('passes with its id %s', (_where, id, body) => {
    expect(check(id, body).status).toBe(200);
  });

  it.each<[string, string | number, object | string]>([
    ['at the beginning', 7, { jsonrpc: '2.0', id: 8, result }],
    ['in between', 7, { result, id: 8, more: result }],
    ['that is too long for an end', 7, { jsonrpc: '2.0', id: ID, result }],
    ['of the length of another', ID, { jsonrpc: '2.0', id: `${ID.slice(1)}j`, result }],
    ['that is none', 7, { jsonrpc: '2.0', result }],
    ['in what is no JSON', 7, `{${' '.repeat(10_000)}}}`],
  ])('does not pass with another id %s', (_where, id, body) => {
    expect(() => check(id, body)).toThrow('something else than the response to the request');
  });
});
