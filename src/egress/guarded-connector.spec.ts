import type { LookupAddress } from 'node:dns';
import { describe, expect, it } from '@jest/globals';
import type { buildConnector } from 'undici';
import { EgressPolicy } from './egress-policy.js';
import { guardConnector, guardLookup, type Lookup, RefusedAddress } from './guarded-connector.js';

const PUBLIC_V4 = { address: '93.184.215.14', family: 4 };
const PUBLIC_V6 = { address: '2606:4700::1111', family: 6 };
const PRIVATE = { address: '10.0.0.1', family: 4 };

type Answer = readonly [unknown, string | LookupAddress[], number | undefined];

const policy = new EgressPolicy([]);

function answerOf(lookup: Lookup, options: { all?: boolean }): Promise<Answer> {
  const guarded = guardLookup(lookup, (address) => policy.isAllowedAddress(address));
  return new Promise((resolve) => guarded('some.example.com', options, (error, address, family) => resolve([error, address, family])));
}

describe('guardLookup', () => {
  const mixed: Lookup = () => Promise.resolve([PRIVATE, PUBLIC_V6, PUBLIC_V4]);

  it('answers with the addresses that pass, all or the first of them', async () => {
    await expect(answerOf(mixed, { all: true })).resolves.toEqual([null, [PUBLIC_V6, PUBLIC_V4], undefined]);
    await expect(answerOf(mixed, {})).resolves.toEqual([null, PUBLIC_V6.address, 6]);
  });

  it('fails when none passes, and when DNS does', async () => {
    await expect(answerOf(() => Promise.resolve([PRIVATE]), { all: true })).resolves.toMatchObject([expect.any(RefusedAddress), '', 0]);
    await expect(answerOf(() => Promise.resolve([]), {})).resolves.toMatchObject([expect.any(RefusedAddress), '', 0]);
    const failure = new Error('no');
    await expect(answerOf(() => Promise.reject(failure), {})).resolves.toEqual([failure, '', 0]);
  });
});

describe('guardConnector', () => {
  it.each([
    ['https:', '127.0.0.1'],
    ['https:', '::ffff:10.0.0.1'],
    ['https:', '::1'],
    ['http:', '8.8.8.8'],
  ])('opens no connection by %s to the literal %s, for which Node asks no lookup', async (protocol, hostname) => {
    const connect = guardConnector(policy, () => Promise.reject(new Error('asked')));
    const outcome = await new Promise((resolve) => {
      const callback: buildConnector.Callback = (...[error]) => resolve(error);
      connect({ protocol, hostname, host: hostname, port: '9' }, callback);
    });
    expect(outcome).toBeInstanceOf(RefusedAddress);
  });
});
