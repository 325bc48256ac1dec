import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Egress } from '../../egress/egress.service.js';
import { IssuerMetadata } from './issuer-metadata.js';

const HOUR = 3_600_000;

let egress: Egress;
let server: Server;
let origin: string;
let now: number;
let asked: string[];
let answer: unknown;
let metadata: IssuerMetadata;

beforeEach(async () => {
  [now, asked] = [5, []];
  egress = new Egress({ egressAllow: ['127.0.0.0/8'] });
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(answer === undefined ? 503 : 200).end(JSON.stringify(answer));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  metadata = new IssuerMetadata({ getJson: (url) => egress.getJson(url), monotonicNow: () => now });
});

afterEach(async () => {
  await egress.onApplicationShutdown();
  server.close();
});

describe('IssuerMetadata', () => {
  it.each([
    ['', '/.well-known/openid-configuration'],
    ['/', '/.well-known/openid-configuration'],
    ['/tenant', '/tenant/.well-known/openid-configuration'],
    ['/tenant/', '/tenant/.well-known/openid-configuration'],
    ['/tenant//', '/tenant//.well-known/openid-configuration'],
  ])('reads the metadata of an issuer with the path %j at %s (OpenID Connect Discovery 1.0 §4.1)', async (path, expected) => {
    const issuer = `${origin}${path}`;
    answer = { issuer, jwks_uri: 'https://keys.example.com/jwks' };
    await expect(metadata.jwksUriOf(issuer)).resolves.toBe('https://keys.example.com/jwks');
    expect(asked).toEqual([expected]);
  });

  it.each(['/', '/other', '?', ' ', undefined, null, 7, []])(
    'refuses metadata whose issuer is not exactly the one that is trusted: %j',
    async (other) => {
      answer = { issuer: typeof other === 'string' ? `${origin}${other}` : other, jwks_uri: 'https://keys.example.com/jwks' };
      await expect(metadata.jwksUriOf(origin)).rejects.toThrow(
        new Error('The metadata names another issuer than the one that is trusted.'),
      );
    },
  );

  it.each([undefined, null, 7, ['https://keys.example.com/jwks'], {}])('refuses metadata with the jwks_uri %j', async (uri) => {
    answer = { issuer: origin, jwks_uri: uri };
    await expect(metadata.jwksUriOf(origin)).rejects.toThrow(new Error('The metadata of the issuer names no jwks_uri.'));
  });

  it('asks once in an hour, and once for all who wait', async () => {
    answer = { issuer: origin, jwks_uri: 'https://keys.example.com/1' };
    await Promise.all(Array.from({ length: 50 }, () => metadata.jwksUriOf(origin)));
    now += HOUR - 1;
    await metadata.jwksUriOf(origin);
    expect(asked).toHaveLength(1);
    now += 1;
    answer = { issuer: origin, jwks_uri: 'https://keys.example.com/2' };
    await expect(metadata.jwksUriOf(origin)).resolves.toBe('https://keys.example.com/2');
    expect(asked).toHaveLength(2);
  });

  it('asks an issuer that fails at most once in 30 s, and serves the last good answer for a day', async () => {
    answer = undefined;
    for (let i = 0; i < 10; i++) await expect(metadata.jwksUriOf(origin)).rejects.toMatchObject({ code: 'status' });
    expect(asked).toHaveLength(1);
    now += 30_000;
    answer = { issuer: origin, jwks_uri: 'https://keys.example.com/1' };
    await metadata.jwksUriOf(origin);
    answer = undefined;
    now += 24 * HOUR - 1;
    await expect(metadata.jwksUriOf(origin)).resolves.toBe('https://keys.example.com/1');
    now += 1;
    await expect(metadata.jwksUriOf(origin)).rejects.toMatchObject({
      code: 'status',
      message: `${origin}: answered with status 503, not 200`,
    });
  });

  it('goes where egress may go, and no further', async () => {
    await expect(metadata.jwksUriOf('https://192.168.0.1')).rejects.toMatchObject({ code: 'refused' });
    await expect(metadata.jwksUriOf('http://issuer.example.com@127.0.0.1')).rejects.toMatchObject({ code: 'refused' });
  });
});
