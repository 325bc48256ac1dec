import { beforeEach, describe, expect, it } from '@jest/globals';
import { settableClock } from '../../../test/support/database.js';
import fc from '../../../test/support/properties.js';
import { DpopNonces } from './dpop-nonces.js';

const START = Date.parse('2026-11-22T10:00:00Z');
const time = settableClock();
const create = (key = 1): DpopNonces => new DpopNonces(Buffer.alloc(32, key), time.clock);

beforeEach(() => time.set(START));

describe('DpopNonces', () => {
  it('gives one nonce a minute, in characters that a header may have (RFC 9449 §8.1)', () => {
    const nonces = create();
    const first = nonces.current();
    expect(first).toMatch(/^[A-Za-z0-9_-]{43}$/);
    time.advance(59_999);
    expect(nonces.current()).toBe(first);
    time.advance(1);
    expect(nonces.current()).not.toBe(first);
  });

  it('accepts a nonce for two minutes after its own, and not longer [R-DPP-09]', () => {
    const nonces = create();
    const first = nonces.current();
    for (const [elapsed, isValid] of [
      [0, true],
      [60_000, true],
      [179_999, true],
      [180_000, false],
    ] as const) {
      time.set(START + elapsed);
      expect([elapsed, nonces.isValid(first)]).toEqual([elapsed, isValid]);
    }
  });

  it('accepts the nonces of replicas with the same key, and of no others', () => {
    expect(create().isValid(create().current())).toBe(true);
    expect(create().isValid(create(2).current())).toBe(false);
  });

  it('does not accept the next nonce before its time', () => {
    const ahead = create();
    time.advance(60_000);
    const next = ahead.current();
    time.set(START);
    expect(create().isValid(next)).toBe(false);
  });

  it('accepts nothing that it did not make', () => {
    const nonces = create();
    const property = fc.property(fc.oneof(fc.string(), fc.base64String({ minLength: 43, maxLength: 44 })), (text) => {
      expect(nonces.isValid(text)).toBe(false);
    });
    fc.assert(property);
    expect(nonces.isValid(nonces.current().slice(0, -1))).toBe(false);
    expect(nonces.isValid(`${nonces.current()}x`)).toBe(false);
  });
});
