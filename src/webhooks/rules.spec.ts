import { describe, expect, it } from '@jest/globals';
import { warningDue } from './expiry-warning.js';
import { MAX_ATTEMPTS, pauseAfter } from './retry.js';
import { newSigningSecret, signedHeaders } from './signature.js';
import { areUnusual, BASELINE_HOURS } from './unusual-refusals.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

describe('signedHeaders', () => {
  it('signs as the example of the Standard Webhooks specification', () => {
    const attempt = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', at: 1614265330_000, body: '{"test": 2432232314}' };
    expect(signedHeaders(attempt, ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'])).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  it('signs with every secret that is good', () => {
    const secrets = [newSigningSecret(), newSigningSecret()];
    const { 'webhook-signature': signatures } = signedHeaders({ id: '1', at: 0, body: '' }, secrets);
    expect(signatures?.split(' ')).toHaveLength(2);
  });
});

describe('pauseAfter', () => {
  it('grows, adds a fifth by chance at most, and ends', () => {
    const pauses = Array.from({ length: MAX_ATTEMPTS }, (_, i) => pauseAfter(i + 1, () => 0));
    expect(pauses.slice(0, 3)).toEqual([5000, 30_000, 300_000]);
    expect(pauses.at(-1)).toBeUndefined();
    expect(pauseAfter(1, () => 1)).toBe(6000);
    expect(pauses.slice(0, -1).reduce<number>((sum, pause) => sum + (pause ?? 0), 0)).toBeLessThan(21 * HOUR);
  });
});

describe('warningDue', () => {
  it.each([
    [14 * DAY + 1, undefined],
    [14 * DAY, 14],
    [3 * DAY + 1, 14],
    [3 * DAY, 3],
    [DAY + 1, 3],
    [DAY, 1],
    [1, 1],
    [0, undefined],
    [-DAY, undefined],
  ])('%d ms before the end it is %s', (left, days) => {
    expect(warningDue(1_000_000_000_000, 1_000_000_000_000 - left)).toBe(days);
  });
});

describe('areUnusual', () => {
  it.each([
    ['a few, where there were none before', 29, 0, false],
    ['many, where there were none before', 30, 0, true],
    ['as many as ever', 30, 30 * BASELINE_HOURS, false],
    ['five times as many', 150, 30 * BASELINE_HOURS, true],
    ['not quite five times as many', 149, 30 * BASELINE_HOURS, false],
  ])('%s', (_what, thisHour, before, expected) => {
    expect(areUnusual({ thisHour, before })).toBe(expected);
  });
});
