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
