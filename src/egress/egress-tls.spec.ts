import { execFile } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

/** Signed by itself, for `localhost`, for this spec alone. */
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBlTCCATugAwIBAgIUHbF4aAzAbhEfwkNsd7mf1G2akUowCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNDAzMjAxNFoYDzIxMjYxMDMx
MDMyMDE0WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQ2l5aCQRAdIBCuHwSnrHpaFybJzuhAECnBXUC5zECqqVuwkJE6FRKj
4D7rf4bCTayF8bkU9a1rPqRkFPFJ6tbso2kwZzAdBgNVHQ4EFgQU0retbJKEV71h
RN4MZk57q9bl6dowHwYDVR0jBBgwFoAU0retbJKEV71hRN4MZk57q9bl6dowDwYD
VR0TAQH/BAUwAwEB/zAUBgNVHREEDTALgglsb2NhbGhvc3QwCgYIKoZIzj0EAwID
SAAwRQIhALDjoLlplPT1rFltq7POKCk7rDySe59OUofo7Uhdj59+AiAB9rTUXaKn
wTQKKRGgXzG/vD/wLcdNNC0nZey3KIkj4A==
-----END CERTIFICATE-----
`;
const KEY = createPrivateKey({
  format: 'jwk',
  key: {
    kty: 'EC',
    crv: 'P-256',
    x: 'NpeWgkEQHSAQrh8Ep6x6Whcmyc7oQBApwV1AucxAqqk',
    y: 'W7CQkToVEqPgPut_hsJNrIXxuRT1rWs-pGQU8Unq1uw',
    d: 'vnWbRpRcGRyuyrN0S9VUTApBdW_dKqPU19jB4fFbqv0',
  },
});

/** Trust in authorities is settled when a process starts, hence one for each case. */
const CHILD = `
  import { EgressClient } from './src/egress/egress-client.ts';
  import { EgressPolicy } from './src/egress/egress-policy.ts';
  const lookup = async () => [{ address: '127.0.0.1', family: 4 }];
  const client = new EgressClient(new EgressPolicy(['127.0.0.0/8']), lookup);
  const outcomes = [];
  for (const url of JSON.parse(process.env.URLS)) {
    outcomes.push(await client.getJson(url).then(JSON.stringify, (error) => error.code + ' ' + error.message));
  }
  await client.close();
  console.log(JSON.stringify(outcomes));
`;

let server: Server;
let port: number;
let folder: string;
let asked = 0;

beforeAll(async () => {
  server = createServer({ cert: CERTIFICATE, key: KEY.export({ format: 'pem', type: 'pkcs8' }), maxVersion: 'TLSv1.2' }, (_, response) => {
    asked += 1;
    response.end('{"safe":true}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
  folder = await mkdtemp(join(tmpdir(), 'egress-'));
  await writeFile(join(folder, 'authority.pem'), CERTIFICATE);
});

afterAll(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

async function outcomesOf(hosts: readonly string[], environment: Readonly<Record<string, string>>): Promise<string[]> {
  asked = 0;
  const urls = hosts.map((host) => `https://${host}:${port}/`);
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', CHILD], {
    env: { PATH: process.env['PATH'], URLS: JSON.stringify(urls), ...environment },
  });
  return JSON.parse(stdout) as string[];
}

describe('EgressClient over TLS', () => {
  it('takes the answer of a server whose certificate is good', async () => {
    const outcomes = await outcomesOf(['localhost', 'localhost'], { NODE_EXTRA_CA_CERTS: join(folder, 'authority.pem') });
    expect([outcomes, asked]).toEqual([['{"safe":true}', '{"safe":true}'], 2]);
  });

  it('sends nothing to a server whose certificate is for another name, however often', async () => {
    const outcomes = await outcomesOf(['other.example.com', 'other.example.com', '127.0.0.1'], {
      NODE_EXTRA_CA_CERTS: join(folder, 'authority.pem'),
    });
    expect(outcomes).toEqual([
      `unreachable https://other.example.com:${port}: gave no answer (ERR_TLS_CERT_ALTNAME_INVALID)`,
      `unreachable https://other.example.com:${port}: gave no answer (ERR_TLS_CERT_ALTNAME_INVALID)`,
      `unreachable https://127.0.0.1:${port}: gave no answer (ERR_TLS_CERT_ALTNAME_INVALID)`,
    ]);
    expect(asked).toBe(0);
  });

  it('sends nothing to a server whose authority is unknown, whatever NODE_TLS_REJECT_UNAUTHORIZED says', async () => {
    const outcomes = await outcomesOf(['localhost'], { NODE_TLS_REJECT_UNAUTHORIZED: '0', NODE_NO_WARNINGS: '1' });
    expect([outcomes, asked]).toEqual([[`unreachable https://localhost:${port}: gave no answer (DEPTH_ZERO_SELF_SIGNED_CERT)`], 0]);
  });
});
