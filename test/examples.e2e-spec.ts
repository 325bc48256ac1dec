import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { generateKeyPairSync, sign, verify } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { PASSWORD, startTestGatehouse, type TestGatehouse } from './support/gatehouse.js';

const SCRIPT = 'examples/curl-openssl.sh';
const SYSTEM_PATH = process.env['PATH'] ?? '';

const dir = mkdtempSync(join(tmpdir(), 'gatehouse-examples-'));
/** Every command line of curl and openssl, as `ps` would have shown it. */
const commandLines = join(dir, 'command-lines');
let gatehouse: TestGatehouse;

beforeAll(async () => {
  gatehouse = await startTestGatehouse();
  for (const tool of ['curl', 'openssl']) {
    const real = execFileSync('which', [tool], { encoding: 'utf8' }).trim();
    writeFileSync(join(dir, tool), `#!/bin/sh\nprintf '%s\\n' "${tool} $*" >>'${commandLines}'\nexec '${real}' "$@"\n`, { mode: 0o755 });
  }
});
beforeEach(() => writeFileSync(commandLines, ''));
afterAll(async () => {
  await gatehouse.remove();
  rmSync(dir, { recursive: true, force: true });
});

interface Run {
  readonly child: ChildProcess;
  readonly output: { stdout: string; stderr: string };
  readonly ended: Promise<number | null>;
}

function start(variables: Record<string, string>): Run {
  const env = { PATH: `${dir}${delimiter}${SYSTEM_PATH}`, TMPDIR: dir, GATEHOUSE_URL: gatehouse.url, ...variables };
  const child = spawn('bash', [SCRIPT], { env, stdio: ['pipe', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (data: Buffer) => (output.stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (output.stderr += data.toString()));
  return { child, output, ended: new Promise((resolve) => child.once('close', resolve)) };
}

async function run(variables: Record<string, string>, input = ''): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const { child, output, ended } = start(variables);
  child.stdin?.on('error', () => undefined); // A script that refuses what it was given does not wait for its input.
  child.stdin?.end(input);
  return { status: await ended, ...output };
}

async function credentialCount(): Promise<number> {
  return ((await gatehouse.admin('/credentials')).json['items'] as unknown[]).length;
}

describe('examples/curl-openssl.sh', () => {
  it('goes from an admin password to tools and back with a secret and with a key, and leaves no credential behind', async () => {
    const before = await credentialCount();
    const { status, stdout, stderr } = await run({ ADMIN_PASSWORD: PASSWORD });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout.match(/tools\/list answers: search_docs read_docs/g)).toHaveLength(2);
    expect(stdout.match(/introspection says active: true/g)).toHaveLength(2);
    expect(stdout.match(/revoked: the token is dead/g)).toHaveLength(2);
    expect(stdout.match(/introspection says active: false/g)).toHaveLength(2);
    expect(stdout).toContain('the same assertion is refused the second time');
    expect(stdout).toMatch(/all as expected\n$/);
    expect(await credentialCount()).toBe(before);
  });

  it('shows no secret, token or assertion on a command line, nor in its output', async () => {
    const { clientId, clientSecret } = await gatehouse.createCredential();
    const asAdmin = await run({ ADMIN_PASSWORD: PASSWORD });
    const asClient = await run({ CLIENT_ID: clientId, CLIENT_SECRET: clientSecret });
    expect([asAdmin.status, asClient.status]).toEqual([0, 0]);
    const seen = [readFileSync(commandLines, 'utf8'), asAdmin.stdout, asAdmin.stderr, asClient.stdout, asClient.stderr].join('\n');
    // Of the admin password, of any client secret, of any JWT.
    expect(seen).toMatch(/curl --disable/);
    expect(seen).not.toContain(PASSWORD);
    expect(seen).not.toMatch(/mcs_/);
    expect(seen).not.toMatch(/eyJ[A-Za-z0-9_-]+/);
  });

  it('uses a credential that is given, and one that is registered while it waits', async () => {
    const { clientId, clientSecret } = await gatehouse.createCredential();
    const { child, output, ended } = start({ CLIENT_ID: clientId, CLIENT_SECRET: clientSecret });
    let jwk: string | undefined;
    for (let i = 0; i < 200 && jwk === undefined; i++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      jwk = /the key to register: (\{.*\})\n/.exec(output.stdout)?.[1];
    }
    const keys = [JSON.parse(jwk ?? '') as object];
    const keyed = await gatehouse.createCredential({ authMethod: 'private_key_jwt', jwks: { keys } });
    child.stdin?.end(`${keyed.clientId}\n`);
    expect(await ended).toBe(0);
    expect(output.stdout.match(/may not introspect: skipped/g)).toHaveLength(4);
    expect(output.stdout.match(/revoked: the token is dead/g)).toHaveLength(2);
  });

  it('removes what it wrote to disk, keys above all', async () => {
    const own = mkdtempSync(join(dir, 'tmp-'));
    expect((await run({ ADMIN_PASSWORD: PASSWORD, TMPDIR: own })).status).toBe(0);
    expect((await run({ ADMIN_PASSWORD: 'wrong password', TMPDIR: own })).status).toBe(1);
    expect(execFileSync('ls', ['-A', own], { encoding: 'utf8' })).toBe('');
  });

  it.each([
    ['a wrong secret', { CLIENT_SECRET: 'mcs_wrong' }, /the token request: expected status 200, got 401 invalid_client/],
    ['a wrong admin password', { ADMIN_PASSWORD: 'wrong password' }, /creating a credential: expected status 201, got 401/],
    ['nothing to prove itself with', { CLIENT_ID: '' }, /set ADMIN_PASSWORD, or CLIENT_ID and CLIENT_SECRET/],
    ['http to another machine', { GATEHOUSE_URL: 'http://docs.example.com' }, /must be https, or http on the loopback/],
    ['nobody there', { GATEHOUSE_URL: 'http://127.0.0.1:1' }, /cannot be reached/],
  ])('ends with status 1 and one clear line: %s', async (_case, variables, message) => {
    const { clientId } = await gatehouse.createCredential();
    const { status, stdout, stderr } = await run({ CLIENT_ID: clientId, CLIENT_SECRET: 'mcs_wrong', ...variables });
    expect(status).toBe(1);
    expect(stderr).toMatch(message);
    expect(stdout).not.toContain('all as expected');
  });

  it('turns any DER signature into the 64 bytes of JOSE, zeros in front included (RFC 7518 §3.4)', () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const text = Buffer.from('text');
    const der = derWithShortNumbers(() => sign('sha256', text, privateKey));
    const raw = execFileSync('bash', ['-c', `. ${SCRIPT} && der_to_raw`], { input: der, env: { PATH: SYSTEM_PATH } });
    expect(raw).toHaveLength(64);
    expect(verify('sha256', text, { key: publicKey, dsaEncoding: 'ieee-p1363' }, raw)).toBe(true);
  });
});

/** A signature with a number that is shorter than 32 bytes: about one in a hundred is. */
function derWithShortNumbers(make: () => Buffer): Buffer {
  for (;;) {
    const der = make();
    const [length = 0, second = 0] = [der[3], der[3] === undefined ? undefined : der[5 + der[3]]];
    if (length < 32 || second < 32) return der;
  }
}
