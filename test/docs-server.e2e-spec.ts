import { createHash, createHmac } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { DocsWebhook } from '../src/docs-server/docs-webhook.entity.js';
import { DocsSweeper } from '../src/gateway/docs-sweeper.service.js';
import { Server } from '../src/servers/server.entity.js';
import { type Answer, ask, type NewCredential, startTestGatehouse, type TestGatehouse } from './support/gatehouse.js';
import { type GitHost, startGitHost } from './support/git-host.js';

const DOCS = {
  'docs.json': JSON.stringify({ name: 'Acme', description: 'All of Acme.', navigation: { pages: ['index', 'members', 'staff'] } }),
  'index.md': '---\ntitle: Welcome\npublic: true\ndescription: Where to begin\n---\n\n# Welcome\n\nA handbook for testing.\n',
  'members.md': '# Members\n\nThe zebra protocol.\n',
  'staff.md': '---\ngroups: [staff]\n---\n# Staff\n\nThe giraffe protocol.\n',
  'outside.md': '---\npublic: true\n---\n# Outside of the navigation\n',
  '.mintlify/skills/begin/SKILL.md': '---\nname: begin\ndescription: Begins.\npublic: true\n---\n\nBegin here.\n',
  '.mintlify/skills/secret/SKILL.md': '---\nname: secret\ndescription: Secret.\n---\n\nNot public.\n',
};

let gatehouse: TestGatehouse;
beforeAll(async () => {
  gatehouse = await startTestGatehouse({
    docs: DOCS,
    env: { EGRESS_ALLOW: '127.0.0.0/8', DOCS_SITE_URL: 'https://acme.example/handbook/' },
  });
  await eventually(async () => (await status()).json['pages'] === 3);
});
afterAll(() => gatehouse.remove());

const get = (path: string): Promise<Answer> => ask(gatehouse.url + path);
const status = (slug = 'docs'): Promise<Answer> => gatehouse.admin(`/servers/${slug}/docs`);

const health = async (slug = 'docs'): Promise<Record<string, unknown>> =>
  (await gatehouse.admin(`/servers/${slug}`)).json['health'] as Record<string, unknown>;

async function eventually(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (performance.now() < deadline) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(await isSo()).toBe(true);
}

async function connect(path: string, credential?: NewCredential): Promise<Client> {
  const headers: Record<string, string> = credential ? { authorization: `Bearer ${await gatehouse.accessToken(credential)}` } : {};
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: 'auto' } });
  await client.connect(new StreamableHTTPClientTransport(new URL(gatehouse.url + path), { requestInit: { headers } }));
  return client;
}

describe('discovery documents', () => {
  it('tell which servers are here and whether they ask for a token [R-DSC-01]', async () => {
    const answer = await get('/.well-known/mcp');
    expect(answer.json).toEqual({
      version: '1.0',
      transport: 'http',
      url: `${gatehouse.url}/mcp`,
      servers: [
        { name: 'Documentation', url: `${gatehouse.url}/mcp`, transport: 'http', authentication: 'none' },
        { name: 'Documentation (authenticated)', url: `${gatehouse.url}/authed/mcp`, transport: 'http', authentication: 'oauth2' },
      ],
    });
    expect((await get('/.well-known/mcp.json')).text).toBe(answer.text);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  });

  it('have cards: with the tools of the public face, and none of the one that asks for a token [R-DSC-02, R-DSC-03]', async () => {
    const card = (await get('/.well-known/mcp/server-card.json')).json;
    expect(card).toMatchObject({ name: 'Documentation', url: `${gatehouse.url}/mcp`, authentication: 'none', description: 'All of Acme.' });
    expect(card['tools']).toMatchObject([
      { name: 'search_acme', inputSchema: { type: 'object' }, annotations: { readOnlyHint: true } },
      {},
      {},
      {},
    ]);
    const { servers } = (await get('/.well-known/mcp/server-cards.json')).json as { servers: object[] };
    expect(servers).toHaveLength(2);
    expect(servers[1]).toMatchObject({ url: `${gatehouse.url}/authed/mcp`, authentication: 'oauth2' });
    expect(servers[1]).not.toHaveProperty('tools');
  });

  it('list public pages, and give them whole', async () => {
    const list = await get('/llms.txt');
    expect(list.text).toBe(`# Acme\n\n> All of Acme.\n\n## Docs\n\n- [Welcome](https://acme.example/handbook/): Where to begin\n`);
    expect(list.headers.get('content-type')).toMatch(/^text\/markdown/);
    const whole = (await get('/llms-full.txt')).text;
    expect(whole).toContain('Source: https://acme.example/handbook/\n\n');
    expect(whole).toContain('A handbook for testing.');
    expect(whole).not.toMatch(/zebra|giraffe|Outside/);
  });

  it('give a public page by its path, and no other', async () => {
    const page = await get('/docs/index.md');
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toMatch(/^text\/markdown/);
    expect(page.text).toMatch(/^# Welcome\n/);
    for (const path of ['/docs/guides/secrets.md', '/docs/index', '/docs/none.md', '/docs/../package.md', '/docs/'])
      expect((await get(path)).status).toBe(404);
  });

  it('publish public skills with the digest of what is served', async () => {
    const { skills } = (await get('/.well-known/agent-skills/index.json')).json as {
      skills: { name: string; url: string; digest: string }[];
    };
    expect(skills).toMatchObject([{ name: 'begin', type: 'skill-md', description: 'Begins.' }]);
    const text = (await ask(skills[0]?.url ?? '')).text;
    expect(skills[0]?.digest).toBe(`sha256:${createHash('sha256').update(text).digest('hex')}`);
    expect((await get('/.well-known/skills/index.json')).json).toEqual({
      skills: [{ name: 'begin', description: 'Begins.', files: ['SKILL.md'] }],
    });
    expect((await get('/.well-known/skills/begin/SKILL.md')).text).toBe(text);
    expect((await get('/skill.md')).text).toBe(text);
    for (const name of ['secret', 'nope', '..%2f..%2fetc'])
      expect((await get(`/.well-known/agent-skills/${name}/SKILL.md`)).status).toBe(404);
  });
});

describe('who sees what', () => {
  it('depends on the groups that a credential was given, and follows them at once', async () => {
    const credential = await gatehouse.createCredential({ docsGroups: ['other'] });
    const client = await connect('/authed/mcp', credential);
    const found = async (query: string) =>
      (
        (await client.callTool({ name: 'search_acme', arguments: { query } })).structuredContent as { results: { path: string }[] }
      ).results.map(({ path }) => path);
    expect(await found('zebra protocol')).toEqual(['members']);
    expect((await client.listResources()).resources.map(({ uri }) => uri)).toEqual([
      'skill://acme/begin/SKILL.md',
      'skill://acme/secret/SKILL.md',
      'docs://acme/index',
      'docs://acme/members',
    ]);
    const changed = await gatehouse.admin(`/credentials/${credential.id}`, { method: 'PATCH', body: { docsGroups: ['staff', 'other'] } });
    expect(changed.json).toMatchObject({ docsGroups: ['staff', 'other'] });
    expect(await found('giraffe protocol')).toContain('staff');
    expect((await client.readResource({ uri: 'docs://acme/staff' })).contents).toMatchObject([
      { text: expect.stringContaining('giraffe') },
    ]);
    await gatehouse.admin(`/credentials/${credential.id}`, { method: 'PATCH', body: { docsGroups: [] } });
    await client.close();
    // A client may keep what it has read for a few seconds.
    const fresh = await connect('/authed/mcp', credential);
    await expect(fresh.readResource({ uri: 'docs://acme/staff' })).rejects.toThrow();
    await fresh.close();
  });

  it('is public content only without a token', async () => {
    const client = await connect('/mcp');
    const { structuredContent } = await client.callTool({ name: 'query_docs_filesystem_acme', arguments: { command: 'find / -type f' } });
    expect(structuredContent).toMatchObject({ stdout: expect.stringMatching(/^\/+index\.md\n$/) });
    await client.close();
  });

  it('refuses groups that are no list of names', async () => {
    for (const docsGroups of ['staff', [''], [1], Array.from({ length: 51 }, (_, i) => `g${i}`)]) {
      expect((await gatehouse.admin('/credentials', { body: { label: 'x', docsGroups } })).status).toBe(400);
    }
  });
});

describe('the documentation server’s page', () => {
  it('tells pages, tools and warnings', async () => {
    expect((await status()).json).toMatchObject({
      name: 'Acme',
      tools: ['search_acme', 'read_acme', 'query_docs_filesystem_acme', 'submit_feedback'],
      pages: 3,
      faults: [],
      warnings: [],
      git: null,
    });
    expect((await status('nope')).status).toBe(404);
  });

  it('lists the pages that it serves, and to whom, found by title or path', async () => {
    const pages = (query = ''): Promise<Answer> => gatehouse.admin(`/servers/docs/docs/pages${query}`);
    const all = await pages();
    expect(all.json).toMatchObject({
      items: [
        { path: 'index', title: 'Welcome', visibility: 'public', groups: [], version: null, language: null },
        { path: 'members', title: 'Members', visibility: 'authenticated', groups: [] },
        { path: 'staff', title: 'Staff', visibility: 'groups', groups: ['staff'] },
      ],
      nextCursor: null,
      versions: [],
      languages: [],
    });
    const paths = ({ json }: Answer): unknown => (json['items'] as { path: string }[]).map(({ path }) => path);
    expect(paths(await pages('?search=STAF'))).toEqual(['staff']);
    expect(paths(await pages('?search=elcom'))).toEqual(['index']);
    expect(paths(await pages('?visibility=authenticated'))).toEqual(['members']);
    expect(paths(await pages('?version=v9'))).toEqual([]);
    const first = await pages('?limit=2');
    expect(paths(await pages(`?limit=2&cursor=${first.json['nextCursor'] as string}`))).toEqual(['staff']);
    for (const query of ['?cursor=!', `?cursor=${Buffer.from('["x"]').toString('base64url')}`, '?visibility=all'])
      expect((await pages(query)).json).toMatchObject({ code: 'validation_failed' });
    expect((await gatehouse.admin('/servers/nothing/docs/pages')).status).toBe(404);
  });

  it('keeps the last good docs.json while it is broken, and says so there and in health', async () => {
    const file = join(gatehouse.dir, 'docs/docs.json');
    writeFileSync(file, '{ "name": "Acme", "navigation": ');
    await eventually(async () => ((await status()).json['faults'] as unknown[]).length === 1);
    expect((await status()).json).toMatchObject({
      pages: 3,
      faults: [{ file: 'docs.json', warning: expect.stringMatching(/^cannot be used .*; the last good one stays in force$/) }],
    });
    expect((await get('/health/ready')).json).toMatchObject({ status: 'up', docs: 'degraded' });
    expect(await health()).toMatchObject({ status: 'up', lastError: expect.stringMatching(/^docs\.json cannot be used .*in force\.$/) });
    expect((await get('/llms-full.txt')).text).not.toContain('Outside');
    writeFileSync(file, DOCS['docs.json']);
    await eventually(async () => ((await status()).json['faults'] as unknown[]).length === 0);
    expect((await get('/health/ready')).json).toMatchObject({ docs: 'up' });
    expect(await health()).toMatchObject({ status: 'up', lastError: null, checkedAt: expect.any(String) });
  });

  it('is down where the folder is gone, and up again when it is back', async () => {
    const folder = join(gatehouse.dir, 'docs/team');
    const page = (): void => {
      mkdirSync(folder);
      writeFileSync(join(folder, 'index.md'), '# Team\n');
    };
    page();
    await gatehouse.admin('/servers', { body: { slug: 'team', name: 'Team', upstream: { kind: 'docs', dir: 'team' } } });
    await eventually(async () => (await health('team'))['status'] === 'up');
    rmSync(folder, { recursive: true });
    await eventually(async () => (await health('team'))['status'] === 'down');
    expect((await health('team'))['lastError']).toMatch(/cannot be read \(ENOENT\)/);
    page();
    await eventually(async () => (await health('team'))['status'] === 'up');
    const indexes = (): number => readdirSync(join(gatehouse.dir, 'data/docs')).filter((name) => name.endsWith('.sqlite')).length;
    const before = indexes();
    await gatehouse.admin('/servers/team', { method: 'DELETE' });
    await eventually(async () => {
      await gatehouse.app.get(DocsSweeper).sweep();
      return indexes() === before - 1;
    });
    expect((await status()).json['pages']).toBe(3);
  });

  it('looks at the folder when it is asked to', async () => {
    writeFileSync(join(gatehouse.dir, 'docs/members.md'), '# Members\n\nThe zebra protocol, revised.\n');
    expect((await gatehouse.admin('/servers/docs/docs/refresh', { method: 'POST' })).status).toBe(202);
  });

  it('shows what clients report, newest first, until it was dealt with', async () => {
    const credential = await gatehouse.createCredential();
    const client = await connect('/authed/mcp', credential);
    for (const description of ['One.', 'Two.', 'Three.']) {
      await client.callTool({ name: 'submit_feedback', arguments: { path: '/members.md', description } });
    }
    await client.close();
    const first = await gatehouse.admin('/servers/docs/docs/feedback?limit=2');
    expect(first.json['items']).toMatchObject([
      { page: 'members', description: 'Three.', credentialId: credential.id },
      { description: 'Two.' },
    ]);
    const rest = await gatehouse.admin(`/servers/docs/docs/feedback?limit=2&cursor=${String(first.json['nextCursor'])}`);
    expect(rest.json).toMatchObject({ items: [{ description: 'One.' }], nextCursor: null });
    expect((await status()).json).toMatchObject({ feedback: 3 });
    const [{ id } = { id: '' }] = rest.json['items'] as { id: string }[];
    expect((await gatehouse.admin(`/servers/docs/docs/feedback/${id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await gatehouse.admin(`/servers/docs/docs/feedback/${id}`, { method: 'DELETE' })).status).toBe(404);
  });

  it('takes thirty reports of a credential an hour', async () => {
    const client = await connect('/authed/mcp', await gatehouse.createCredential());
    const results: boolean[] = [];
    for (let i = 0; i < 32; i++) {
      const { isError = false } = await client.callTool({ name: 'submit_feedback', arguments: { path: 'index', description: `${i}` } });
      results.push(isError);
    }
    expect(results.filter((isError) => !isError)).toHaveLength(30);
    await client.close();
  });

  it('has no webhook where there is a plain folder', async () => {
    expect((await gatehouse.admin('/servers/docs/docs/webhook', { method: 'POST' })).status).toBe(409);
    expect((await gatehouse.admin('/servers/docs/docs/webhook', { method: 'DELETE' })).status).toBe(404);
  });
});

describe('a documentation server over a Git repository', () => {
  let host: GitHost;
  let root: string;
  beforeAll(async () => {
    root = join(gatehouse.dir, 'host');
    host = await startGitHost(root);
    host.commit({ 'docs/index.md': '---\npublic: true\n---\n# Handbook\n\nThe okapi protocol.\n' });
    expect(await create('handbook', { url: host.url, path: 'docs', intervalSeconds: 3600 }, 'both')).toMatchObject({ status: 201 });
  });
  afterAll(async () => {
    await host.close();
    rmSync(root, { recursive: true, force: true });
  });

  const create = (slug: string, git: object, access = 'authenticated'): Promise<Answer> =>
    gatehouse.admin('/servers', { body: { slug, name: 'Handbook', access, upstream: { kind: 'docs', git } } });
  const change = (slug: string, upstream: object): Promise<Answer> =>
    gatehouse.admin(`/servers/${slug}`, { method: 'PATCH', body: { upstream: { kind: 'docs', ...upstream } } });

  const post = (body: string, headers: Record<string, string> = {}): Promise<Answer> =>
    ask(`${gatehouse.url}/webhooks/docs/handbook`, { method: 'POST', body, headers });

  it('serves what is pulled, under a name of its own', async () => {
    await eventually(async () => (await status('handbook')).json['pages'] === 1);
    const client = await connect('/mcp/handbook');
    const { structuredContent } = await client.callTool({ name: 'search_handbook', arguments: { query: 'okapi' } });
    expect(structuredContent).toMatchObject({ results: [{ path: 'index' }] });
    await client.close();
    expect((await status('handbook')).json).toMatchObject({ git: { url: host.url, branch: null, fault: null, hasWebhook: false } });
  });

  it('counts a pull that brings nothing new as a check', async () => {
    await eventually(async () => (await health('handbook'))['status'] === 'up');
    const before = String((await health('handbook'))['checkedAt']);
    await gatehouse.admin('/servers/handbook/docs/refresh', { method: 'POST' });
    await eventually(async () => String((await health('handbook'))['checkedAt']) > before);
  });

  it('names a folder that the repository lacks as it is there, and not where this machine keeps the checkout', async () => {
    await create('lacking', { url: host.url, path: 'nowhere' });
    await eventually(async () => ((await status('lacking')).json['faults'] as object[] | undefined)?.length === 1);
    const { faults, isIndexing } = (await status('lacking')).json as { faults: { file: string }[]; isIndexing: boolean };
    expect([faults[0]?.file, isIndexing]).toEqual(['nowhere', false]);
    const test = await gatehouse.admin('/servers/test', { body: { upstream: { kind: 'docs', git: { url: host.url, path: 'nowhere' } } } });
    expect(test.json).toMatchObject({
      ok: false,
      problems: [{ code: 'source', message: expect.stringMatching(/^nowhere cannot be read/) }],
    });
    await gatehouse.admin('/servers/lacking', { method: 'DELETE' });
  });

  it('is looking, and has no fault, until its repository was pulled for the first time', async () => {
    await create('pulling', { url: host.url, path: 'docs' });
    const seen: { pages: number; isIndexing: boolean; faults: unknown[] }[] = [];
    await eventually(async () => {
      const { status: code, json } = await status('pulling');
      if (code === 200) seen.push(json as unknown as (typeof seen)[number]);
      return (seen.at(-1)?.pages ?? 0) > 0;
    });
    expect(seen.filter(({ pages, isIndexing }) => pages === 0 && !isIndexing)).toEqual([]);
    expect(seen.flatMap(({ faults }) => faults)).toEqual([]);
    await gatehouse.admin('/servers/pulling', { method: 'DELETE' });
  });

  it('pulls when its webhook says so, with a signature or with the secret, and for nobody else', async () => {
    const made = await gatehouse.admin('/servers/handbook/docs/webhook', { method: 'POST' });
    const { url, secret } = made.json as { url: string; secret: string };
    expect([made.status, url]).toEqual([201, `${gatehouse.url}/webhooks/docs/handbook`]);
    expect(secret).toMatch(/^mcw_/);
    const commit = host.commit({ 'docs/new.md': '# New\n\nThe tapir protocol.\n' });
    const body = JSON.stringify({ ref: 'refs/heads/main' });
    const sign = (key: string) => ({ 'x-hub-signature-256': `sha256=${createHmac('sha256', key).update(body).digest('hex')}` });
    const forged: Record<string, string>[] = [{}, sign('wrong'), { 'x-gitlab-token': 'wrong' }, { 'x-hub-signature-256': '' }];
    for (const headers of forged) {
      expect((await post(body, headers)).status).toBe(401);
    }
    expect((await post(`${body} `, sign(secret))).status).toBe(401);
    expect((await ask(`${gatehouse.url}/webhooks/docs/nope`, { method: 'POST', body, headers: sign(secret) })).status).toBe(401);
    expect((await post(body, { 'content-type': 'application/json', ...sign(secret) })).status).toBe(202);
    await eventually(async () => (await status('handbook')).json['pages'] === 2);
    expect((await status('handbook')).json).toMatchObject({ git: { commit, hasWebhook: true } });
    expect((await post('x', { 'x-gitlab-token': secret })).status).toBe(202);
    await gatehouse.admin('/servers/handbook/docs/webhook', { method: 'DELETE' });
    expect((await post('x', { 'x-gitlab-token': secret })).status).toBe(401);
    const events = await gatehouse.admin('/events?kind=docs.webhook_created');
    expect(events.text).toContain('docs.webhook_created');
    expect(events.text).not.toContain(secret);
  });

  it('takes its webhook along when it is deleted', async () => {
    await create('passing', { url: host.url, path: 'docs' });
    await eventually(async () => (await gatehouse.admin('/servers/passing/docs/webhook', { method: 'POST' })).status === 201);
    const count = () => gatehouse.app.get(DataSource).getRepository(DocsWebhook).count();
    expect(await count()).toBe(1);
    expect((await gatehouse.admin('/servers/passing', { method: 'DELETE' })).status).toBe(204);
    expect(await count()).toBe(0);
  });

  it('has the settings that it was given, and leaves those that a change does not name', async () => {
    const git = {
      url: 'https://git.invalid/docs.git',
      branch: 'main',
      path: 'docs',
      intervalSeconds: 60,
      auth: { token: 'hidden-token' },
    };
    const created = await create('settings', git);
    const view = { ...git, auth: { username: 'git', hasToken: true } };
    expect(created.json['upstream']).toEqual({ kind: 'docs', dir: null, git: view });
    expect((await change('settings', { git: { branch: null, auth: { username: 'deploy' } } })).json['upstream']).toEqual({
      kind: 'docs',
      dir: null,
      git: { ...view, branch: null, auth: { username: 'deploy', hasToken: true } },
    });
    expect((await change('settings', { git: { auth: null, path: null, intervalSeconds: null } })).json['upstream']).toMatchObject({
      git: { path: null, intervalSeconds: 300, auth: null },
    });
    expect((await change('settings', { dir: null })).json['upstream']).toMatchObject({ git: { url: git.url } });
    expect((await change('settings', { git: null })).json['upstream']).toEqual({ kind: 'docs', dir: null, git: null });
    expect((await change('settings', { git: { branch: 'main' } })).json).toMatchObject({ errors: [{ field: 'upstream.git.url' }] });
    const events = (await gatehouse.admin('/events?server=settings')).text;
    expect(events).toContain('secretsWritten');
    expect(events).not.toContain('hidden-token');
    const rows = await gatehouse.app.get(DataSource).getRepository(Server).findBy({ slug: 'settings' });
    expect(JSON.stringify(rows)).not.toContain('hidden-token');
  });

  it.each<[string, object]>([
    ['upstream.git.url', {}],
    ['upstream.git.url', { url: 'git@git.invalid:docs.git' }],
    ['upstream.git.url', { url: 'ssh://git@git.invalid/docs.git' }],
    ['upstream.git.url', { url: 'file:///etc' }],
    ['upstream.git.url', { url: 'ext::sh -c id' }],
    ['upstream.git.url', { url: 'https://user:token@git.invalid/docs.git' }],
    ['upstream.git.url', { url: 'https://git.invalid/docs.git?private_token=x' }],
    ['upstream.git.url', { url: 'https://169.254.169.254/docs.git' }],
    ['upstream.git.url', { url: 'https://10.0.0.1/docs.git' }],
    ['upstream.git.url', { url: 1 }],
    ['upstream.git.branch', { branch: '--upload-pack=id' }],
    ['upstream.git.branch', { branch: 'a..b' }],
    ['upstream.git.path', { path: '../etc' }],
    ['upstream.git.path', { path: '.git/hooks' }],
    ['upstream.git.intervalSeconds', { intervalSeconds: 29 }],
    ['upstream.git.intervalSeconds', { intervalSeconds: 86_401 }],
    ['upstream.git.auth.token', { auth: {} }],
    ['upstream.git.auth.token', { auth: { token: 'a\nb' } }],
    ['upstream.git.auth.username', { auth: { token: 'a', username: 'a:b' } }],
    ['upstream.git.auth', { auth: 'token' }],
    ['upstream.git.extra', { extra: 1 }],
  ])('is refused with a wrong %s: %j', async (field, wrong) => {
    const git = field === 'upstream.git.url' ? wrong : { url: 'https://git.invalid/docs.git', ...wrong };
    const answer = await create('wrong', git);
    expect([answer.status, answer.json['errors']]).toEqual([400, [{ field, message: expect.any(String) }]]);
  });

  it('has a folder or a repository, not both', async () => {
    const both = { kind: 'docs', dir: '.', git: { url: 'https://git.invalid/docs.git' } };
    const answer = await gatehouse.admin('/servers', { body: { slug: 'both', name: 'Both', upstream: both } });
    expect(answer).toMatchObject({ status: 400, json: { errors: [{ field: 'upstream.git' }] } });
  });

  it('moves no token along to another host', async () => {
    await create('moving', { url: 'https://git.invalid/docs.git', auth: { token: 'hidden-token' } });
    const moved = (git: object) => change('moving', { git: { url: 'https://evil.invalid/docs.git', ...git } });
    expect((await moved({})).json).toMatchObject({ status: 400, errors: [{ field: 'upstream.git.auth' }] });
    expect((await moved({ auth: { username: 'x' } })).json).toMatchObject({ status: 400, errors: [{ field: 'upstream.git.auth.token' }] });
    const test = await gatehouse.admin('/servers/moving/test', {
      body: { upstream: { kind: 'docs', git: { url: 'https://evil.invalid/docs.git' } } },
    });
    expect(test.json).toMatchObject({ status: 400, errors: [{ field: 'upstream.git.auth' }] });
    expect((await moved({ auth: null })).status).toBe(200);
  });

  describe('that asks for a token', () => {
    let closed: GitHost;
    beforeAll(async () => {
      closed = await startGitHost(join(gatehouse.dir, 'closed-host'));
      closed.commit({ 'index.md': '# Closed\n\nThe quokka protocol.\n' });
      closed.protect('git', 'first-token');
    });
    afterAll(() => closed.close());

    const fault = async () => ((await status('closed')).json['git'] as { fault: string | null } | undefined)?.fault;

    it('is pulled with the one that was written, and with the next one as soon as it is', async () => {
      await create('closed', { url: closed.url, intervalSeconds: 3600, auth: { token: 'wrong-token' } });
      await eventually(async () => /does not accept/.test((await fault()) ?? ''));
      expect(await health('closed')).toMatchObject({
        status: 'down',
        lastError: expect.stringMatching(/^The repository cannot be pulled: /),
      });
      await change('closed', { git: { auth: { token: 'first-token' } } });
      await eventually(async () => (await status('closed')).json['pages'] === 1);
      expect(await fault()).toBeNull();
      expect(await health('closed')).toMatchObject({ status: 'up', lastError: null });
      closed.protect('git', 'second-token');
      await gatehouse.admin('/servers/closed/docs/refresh', { method: 'POST' });
      await eventually(async () => (await health('closed'))['lastError'] !== null);
      expect((await health('closed'))['status']).toBe('up');
      closed.protect('git', 'first-token');
      const { json, text } = await gatehouse.admin('/servers/closed');
      expect(json['upstream']).toMatchObject({ git: { url: closed.url, auth: { username: 'git', hasToken: true } } });
      expect(text).not.toMatch(/first-token|wrong-token/);
    });

    it('is tested before it is saved', async () => {
      const test = (git: object) => gatehouse.admin('/servers/test', { body: { upstream: { kind: 'docs', git } } });
      expect((await test({ url: closed.url, auth: { token: 'first-token' } })).json).toMatchObject({ ok: true, tools: { count: 4 } });
      expect((await test({ url: closed.url })).json).toMatchObject({
        ok: false,
        problems: [{ code: 'source', message: expect.stringMatching(/^The repository cannot be pulled: the host asks for .*\.$/) }],
      });
      expect((await test({ url: closed.url, auth: { token: 'first-token' }, path: 'absent' })).json).toMatchObject({
        ok: false,
        problems: [{ code: 'source' }],
      });
    });
  });
});

describe('Lists of a documentation that stands nowhere else', () => {
  let gatehouse: TestGatehouse;
  beforeAll(async () => {
    gatehouse = await startTestGatehouse();
  });
  afterAll(() => gatehouse.remove());

  it('lead to pages that are there', async () => {
    let links: string[] = [];
    await eventually(async () => {
      const { text } = await ask(`${gatehouse.url}/llms.txt`);
      links = [...text.matchAll(/\]\((.+?)\)/g)].map(([, link]) => link ?? '');
      return links.length === 2;
    });
    for (const link of links) expect((await ask(link)).status).toBe(200);
  });
});
