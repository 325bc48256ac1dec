import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { loadConfig } from '../../src/config/load-config.js';
import { ChangeFeed } from '../../src/database/change-feed.service.js';
import { type Answer, ask, basic, startTestGatehouse, type TestGatehouse } from '../support/gatehouse.js';
import { statusOfCall } from '../support/oauth.js';
import { call } from './world.js';

const READS = new Set(['get', 'head']);

let gatehouse: TestGatehouse;
/** Every route of the admin API: its method and its path, with names that nothing has. */
let routes: { method: string; path: string }[];

beforeAll(async () => {
  gatehouse = await startTestGatehouse();
  const { json } = await ask(`${gatehouse.url}/api/docs-json`);
  routes = Object.entries(json['paths'] as Record<string, object>).flatMap(([path, item]) =>
    Object.keys(item).map((method) => ({ method, path: path.replace(/\{\w+\}/g, '01M8BKMN2GDRCV5RK3822R34RZ') })),
  );
});
afterAll(() => gatehouse.remove());

const send = (path: string, method: string, headers: Record<string, string> = {}): Promise<Answer> =>
  ask(gatehouse.url + path, {
    method: method.toUpperCase(),
    headers: { ...headers, ...(READS.has(method) ? {} : { 'content-type': 'application/json' }) },
    ...(READS.has(method) ? {} : { body: '{}' }),
    signal: AbortSignal.timeout(5000),
  });

it('what the pages hide the API checks too: every admin route, for nobody and for each role, with names of others', async () => {
  const admin = routes.filter(({ path }) => path.startsWith('/api/v1/') && !/\/session/.test(path));
  expect(admin.length).toBeGreaterThan(30);
  await gatehouse.admin('/admins', { body: { username: 'looker', password: 'a long viewer password', role: 'viewer' } });
  const viewer = { authorization: basic('looker', 'a long viewer password') };
  for (const { method, path } of admin) {
    expect([method, path, (await send(path, method)).status]).toEqual([method, path, 401]);
    if (READS.has(method)) continue;
    const { status } = await send(path, method, viewer);
    // Of its own a viewer may change the password, whose body is missing here.
    expect([method, path, status >= 400 && status < 500]).toEqual([method, path, true]);
    // To try what a credential may do changes nothing, and is open to all: there it is the body that is wrong.
    if (path.includes('01M8BKMN2GDRCV5RK3822R34RZ') && !path.endsWith('/simulate'))
      expect([method, path, [403, 404].includes(status)]).toEqual([method, path, true]);
  }
});

it('every answer carries the security headers of its kind', async () => {
  const pages = ['/', '/dashboard', '/dashboard/sign-in', '/api/docs', '/health/live', '/metrics', '/nothing', '/authed/mcp', '/mcp'];
  for (const { method, path } of [...routes, ...pages.map((one) => ({ method: 'get', path: one }))]) {
    const { headers } = await send(path, method);
    expect([method, path, headers.get('x-content-type-options'), headers.get('x-powered-by'), headers.get('server')]).toEqual([
      method,
      path,
      'nosniff',
      null,
      null,
    ]);
    if (/^\/(authed|mcp)/.test(path)) continue;
    expect([method, path, headers.get('x-frame-options'), headers.get('referrer-policy')]).toEqual([method, path, 'DENY', 'no-referrer']);
    if (path.startsWith('/api/v1/')) expect([method, path, headers.get('cache-control')]).toEqual([method, path, 'no-store']);
  }
  const page = await send('/dashboard/sign-in', 'get', { accept: 'text/html' });
  if (page.status === 200) expect(page.headers.get('content-security-policy')).toMatch(/default-src 'self'|script-src 'self'/);
});

it('server-side request forgery: hostile URLs are refused where they are registered, or where they are called', async () => {
  const guarded = await startTestGatehouse({ env: { EGRESS_ALLOW: '192.0.2.0/24' } });
  const hostile = [
    'http://127.0.0.1/',
    'https://127.0.0.1/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://0177.0.0.1/',
    'https://[::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[64:ff9b::7f00:1]/',
    'https://[2002:7f00:1::]/',
    'https://[fec0::1]/',
    'https://localhost/',
    'https://localhost./',
    'https://169.254.169.254/',
    'https://user:pw@example.com/',
    'file:///etc/passwd',
    'gopher://127.0.0.1/',
    'https://10.0.0.1/',
  ];
  try {
    for (const url of hostile) {
      const asKeys = await guarded.admin('/credentials', { body: { label: 'x', authMethod: 'private_key_jwt', jwksUri: url } });
      const asServer = await guarded.admin('/servers', {
        body: { slug: 'ssrf', name: 'x', upstream: { kind: 'http', url, auth: { type: 'none' } } },
      });
      if (asServer.status === 201) {
        const test = await guarded.admin('/servers/ssrf/test', { method: 'POST' });
        expect([url, test.text.includes('"ok":true')]).toEqual([url, false]);
        await guarded.admin('/servers/ssrf', { method: 'DELETE' });
      }
      // A name is judged when it is used.
      if (!/localhost/.test(url)) expect([url, asKeys.status, asServer.status]).toEqual([url, 400, 400]);
    }
  } finally {
    await guarded.remove();
  }
});

it('commands through the admin API: none runs that the operator has not named in a file', async () => {
  const upstream = { kind: 'stdio', command: 'sh', args: ['-c', `touch ${join(gatehouse.dir, 'owned')}`] };
  const refused = await gatehouse.admin('/servers', { body: { slug: 'shell', name: 'Shell', upstream } });
  expect(refused.status).toBe(400);
  const file = join(gatehouse.dir, 'commands.yaml');
  writeFileSync(file, 'commands:\n  - name: echo\n    command: /bin/echo\n');
  expect(
    (await gatehouse.admin('/servers', { body: { slug: 'shell', name: 'Shell', upstream: { ...upstream, command: '/bin/sh' } } })).status,
  ).toBe(400);
  expect(existsSync(join(gatehouse.dir, 'owned'))).toBe(false);
});

it('trust in the Host header: metadata and challenges say what is configured, whoever asks', async () => {
  const paths = ['/.well-known/oauth-authorization-server/authed/mcp', '/.well-known/oauth-protected-resource/authed/mcp'];
  for (const path of paths) {
    const plain = await ask(gatehouse.url + path);
    const forged = await ask(gatehouse.url + path, {
      headers: {
        'x-forwarded-host': 'evil.example',
        'x-forwarded-proto': 'https',
        forwarded: 'host=evil.example',
        'x-original-host': 'evil.example',
      },
    });
    expect(forged.text).toBe(plain.text);
  }
  const challenge = await ask(`${gatehouse.url}/authed/mcp`, {
    method: 'POST',
    headers: { 'x-forwarded-host': 'evil.example' },
    body: '{}',
  });
  expect(challenge.status).toBe(401);
  expect(challenge.headers.get('www-authenticate')).not.toContain('evil');
});

it('DNS rebinding: a foreign Origin is refused at MCP endpoints, and can change nothing at the admin API', async () => {
  const token = await gatehouse.accessToken(await gatehouse.createCredential());
  for (const path of ['/authed/mcp', '/mcp']) {
    expect((await call(gatehouse.url + path, token, { headers: { origin: 'https://evil.example' } })).status).toBe(403);
  }
  const answer = await gatehouse.admin('/credentials', { headers: { origin: 'https://evil.example' } });
  expect(answer.headers.get('access-control-allow-origin')).toBeNull();
});

it('built-in passwords: the first one is random where none is set, and known defaults are refused or nowhere accepted', async () => {
  const first = await startTestGatehouse({ env: { ADMIN_PASSWORD: '' } });
  try {
    expect(JSON.stringify(first.firstOwner)).toMatch(/[0-9A-Za-z]{20,}/);
    for (const password of ['admin', 'password', 'gatehouse', 'changeme', '']) {
      expect((await first.admin('/credentials', { password })).status).toBe(401);
    }
  } finally {
    await first.remove();
  }
  expect(() => loadConfig({ ADMIN_PASSWORD: 'short' })).toThrow(/ADMIN_PASSWORD/);
});

it('failing open: without the database calls go on from memory for the stated time, and are refused after it', async () => {
  const lost = await startTestGatehouse({ env: { STATE_MAX_STALENESS: '1' } });
  const token = await lost.accessToken(await lost.createCredential());
  expect(await statusOfCall(lost, token)).toBe(200);
  // Waits for a poll under way, then lets no other succeed.
  await lost.app.get(ChangeFeed).onApplicationShutdown();
  await new Promise((resolve) => setTimeout(resolve, 1300));
  expect(await statusOfCall(lost, token)).toBe(503);
  await lost.remove();
});

it('weaker in a container: the image runs the same file as npm start, without rights, and switches nothing off', () => {
  const dockerfile = readFileSync('Dockerfile', 'utf8');
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
  expect(dockerfile).toContain('CMD ["node", "dist/src/main.js"]');
  expect(scripts['start']).toMatch(/node dist\/src\/main\.js$/);
  expect(dockerfile).toMatch(/^USER [1-9]\d*:/m);
  expect(dockerfile).not.toMatch(/RATE_LIMITS|EGRESS_ALLOW|ADMIN_PASSWORD|MASTER_KEY|TRUST_PROXY/);
});

it('evasion of rate limits: a forged address counts as the real one, and refusals count', async () => {
  const limited = await startTestGatehouse({ env: { RATE_LIMIT_TOKEN_PER_ADDRESS: '5' } });
  try {
    const statuses = [];
    for (let n = 0; n < 8; n++) {
      const headers = { authorization: basic('mcc_nobody', 'x'), 'x-forwarded-for': `203.0.113.${n}`, 'x-real-ip': `203.0.113.${n}` };
      const body = new URLSearchParams({ grant_type: 'client_credentials' });
      statuses.push((await ask(`${limited.url}/authed/mcp/oauth/token`, { method: 'POST', headers, body })).status);
    }
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429, 429]);
  } finally {
    await limited.remove();
  }
});

it('dependencies are pinned to exact versions, and the lock file has their hashes', () => {
  const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Record<string, Record<string, string>>;
  const versions = { ...manifest['dependencies'], ...manifest['devDependencies'] };
  const loose = Object.entries(versions).filter(([, version]) => !/^(npm:.+@)?\d+\.\d+\.\d+(-[\w.]+)?$/.test(version));
  expect(loose).toEqual([]);
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
    packages: Record<string, { integrity?: string; link?: boolean; inBundle?: boolean }>;
  };
  const unhashed = Object.entries(packages).filter(([path, one]) => path !== '' && !one.integrity && !one.link && !one.inBundle);
  expect(unhashed.map(([path]) => path)).toEqual([]);
});
