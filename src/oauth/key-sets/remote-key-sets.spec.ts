import { generateKeyPairSync, type JsonWebKey, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Egress } from '../../egress/egress.service.js';
import { RemoteKeySets } from './remote-key-sets.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

const jwkNamed = (kid?: string): JsonWebKey => ({ ...generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }), kid, use: 'sig' });

let egress: Egress;
let server: Server;
let uri: string;
let now: number;
let asked: string[];
/** What the server answers with; undefined ends the connection. */
let answer: unknown;
let delayMs: number;
let sets: RemoteKeySets;

beforeEach(async () => {
  [now, asked, delayMs] = [5, [], 0];
  egress = new Egress({ egressAllow: ['127.0.0.0/8'] });
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    setTimeout(() => (answer === undefined ? request.socket.destroy() : response.end(JSON.stringify(answer))), delayMs);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
  sets = new RemoteKeySets({ getJson: (url) => egress.getJson(url), monotonicNow: () => now });
});

afterEach(async () => {
  await egress.onApplicationShutdown();
  server.close();
});

const find = async (kid?: string, alg = 'EdDSA', at = uri): Promise<(string | undefined)[]> =>
  (await sets.find(at, { kid, alg })).map((key) => key.kid);

describe('RemoteKeySets', () => {
  it('finds a key by kid, and without one those that fit the alg', async () => {
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' });
    answer = { keys: [jwkNamed('a'), { kty: 'oct', k: 'AAAA' }, { ...ec, kid: 'b' }] };
    expect([await find('a'), await find(undefined, 'ES256'), await find('b', 'ES256')]).toEqual([['a'], ['b'], ['b']]);
    expect(asked).toEqual(['/jwks']);
  });

  it('asks nobody for an algorithm that no key may have (RFC 8725 §3.1)', async () => {
    answer = { keys: [jwkNamed('a')] };
    for (const alg of ['none', 'HS256', 'RS512', '']) expect(await find('a', alg)).toEqual([]);
    expect(asked).toEqual([]);
  });

  it('asks once for all who wait', async () => {
    answer = { keys: [jwkNamed('a')] };
    delayMs = 30;
    const found = await Promise.all(Array.from({ length: 100 }, () => find('a')));
    expect(new Set(found.flat())).toEqual(new Set(['a']));
    expect(asked).toHaveLength(1);
  });

  it('takes a set for fresh for ten minutes', async () => {
    answer = { keys: [jwkNamed('a')] };
    await find('a');
    now += 10 * MINUTE - 1;
    await find('a');
    expect(asked).toHaveLength(1);
    now += 1;
    answer = { keys: [jwkNamed('b')] };
    expect(await find('a')).toEqual([]);
    expect(asked).toHaveLength(2);
  });

  it('asks at most once in 30 s for random kids, one after another (R-KEY-03)', async () => {
    answer = { keys: [jwkNamed('a')] };
    await find('a');
    for (let coolDown = 1; coolDown <= 3; coolDown++) {
      now += 30 * SECOND;
      for (let i = 0; i < 334; i++) expect(await find(randomUUID())).toEqual([]);
      expect(asked).toHaveLength(1 + coolDown);
    }
  });

  it('asks at most once in 30 s for random kids, all at once (R-KEY-03)', async () => {
    answer = { keys: [jwkNamed('a')] };
    await find('a');
    now += 30 * SECOND;
    delayMs = 20;
    await Promise.all(Array.from({ length: 1000 }, () => find(randomUUID())));
    expect(asked).toHaveLength(2);
  });

  it('does not make those wait whose key is known', async () => {
    answer = { keys: [jwkNamed('a')] };
    await find('a');
    now += 30 * SECOND;
    delayMs = 100;
    const order: string[] = [];
    await Promise.all([find('other').then(() => order.push('other')), find('a').then(() => order.push('a'))]);
    expect(order).toEqual(['a', 'other']);
  });

  it('finds a key that has been added, after a second look', async () => {
    answer = { keys: [jwkNamed('a')] };
    await find('a');
    answer = { keys: [jwkNamed('a'), jwkNamed('b')] };
    now += 29 * SECOND;
    expect(await find('b')).toEqual([]);
    now += SECOND;
    expect(await find('b')).toEqual(['b']);
    expect(asked).toHaveLength(2);
  });

  it('works on with the last good set while the server fails, for a day (R-KEY-03)', async () => {
    answer = { keys: [jwkNamed('a')] };
    await find('a');
    for (const failure of [undefined, {}, { keys: 'x' }, [], 'text']) {
      answer = failure;
      now += HOUR;
      expect(await find('a')).toEqual(['a']);
      expect(await find('unknown')).toEqual([]);
    }
    expect(asked).toHaveLength(6);
    now = 5 + 24 * HOUR - 1;
    expect(await find('a')).toEqual(['a']);
    now += 1;
    await expect(find('a')).rejects.toThrow('answered with something else than a JSON object');
    now += 30 * SECOND;
    answer = { keys: [jwkNamed('b')] };
    expect(await find('b')).toEqual(['b']);
  });

  it('forgets withdrawn keys, also when all are', async () => {
    answer = { keys: [jwkNamed('a')] };
    await find('a');
    now += 10 * MINUTE;
    answer = { keys: [] };
    expect(await find('a')).toEqual([]);
  });

  it('asks a server that fails at most once in 30 s, and says why it failed', async () => {
    answer = undefined;
    for (let i = 0; i < 20; i++) await expect(find('a')).rejects.toMatchObject({ name: 'EgressError', code: 'unreachable' });
    await Promise.allSettled(Array.from({ length: 20 }, () => find('a')));
    now += 30 * SECOND - 1;
    await expect(find('a')).rejects.toMatchObject({ code: 'unreachable' });
    expect(asked).toHaveLength(1);
    now += 1;
    answer = { keys: [jwkNamed('a')] };
    expect(await find('a')).toEqual(['a']);
    expect(asked).toHaveLength(2);
  });

  it('says so when the document is no JWK Set', async () => {
    answer = { issuer: 'x' };
    await expect(find('a')).rejects.toThrow(new Error('The document at the key set URI is not a JWK Set (RFC 7517 §5).'));
  });

  it('surfaces as an Error what was thrown and is none', async () => {
    const odd = new RemoteKeySets({
      getJson: () => {
        AbortSignal.abort('text').throwIfAborted();
        return Promise.resolve({ keys: [] });
      },
    });
    await expect(odd.find(uri, { alg: 'EdDSA' })).rejects.toMatchObject({ message: 'The document could not be read.', cause: 'text' });
  });

  it('goes where egress may go, and no further (R-CLA-15)', async () => {
    await expect(find('a', 'EdDSA', 'http://169.254.169.254/')).rejects.toMatchObject({ code: 'refused' });
    await expect(find('a', 'EdDSA', 'https://10.0.0.1/jwks')).rejects.toMatchObject({ code: 'refused' });
  });

  it('keeps sets apart, and the last thousand of them', async () => {
    const fetched: string[] = [];
    const many = new RemoteKeySets({
      getJson: (url) => {
        fetched.push(url);
        return Promise.resolve({ keys: [] });
      },
      monotonicNow: () => now,
    });
    for (let i = 0; i <= 1000; i++) await many.find(`https://${i}.example.com/`, { kid: 'a', alg: 'ES256' });
    expect(fetched).toHaveLength(1001);
    await many.find('https://1000.example.com/', { kid: 'a', alg: 'ES256' });
    await many.find('https://1.example.com/', { kid: 'a', alg: 'ES256' });
    expect(fetched).toHaveLength(1001);
    await many.find('https://0.example.com/', { kid: 'a', alg: 'ES256' });
    expect(fetched.slice(1001)).toEqual(['https://0.example.com/']);
  });
});
