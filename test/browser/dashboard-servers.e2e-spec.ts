import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { newId } from '../../src/common/ids.js';
import { ChangeFeed } from '../../src/database/change-feed.service.js';
import { DocsFeedbackService } from '../../src/docs-server/docs-feedback.service.js';
import { Upstreams } from '../../src/gateway/upstreams.service.js';
import { ServerDirectory } from '../../src/servers/server-directory.service.js';
import { Server } from '../../src/servers/server.entity.js';
import { accessibilityFaults, Dashboard, PHONE } from '../support/dashboard.js';
import { eventually } from '../support/eventually.js';
import { startTestGatehouse, type TestGatehouse } from '../support/gatehouse.js';
import { type GitHost, startGitHost } from '../support/git-host.js';
import { closedUrl, startMcpUpstream, type TestUpstream } from '../support/http-upstream.js';

const TOOLS = [
  { name: 'read_file', description: 'Reads the file at a path.', inputSchema: { type: 'object' } },
  { name: 'write_file', description: 'Writes it.', inputSchema: { type: 'object' } },
];

const FIXTURE = new URL('../fixtures/rough-child.mjs', import.meta.url).pathname;
const DOCS = {
  'docs.json': JSON.stringify({ name: 'Acme', navigation: { pages: ['index', 'members', 'staff'] } }),
  'index.md': '---\ntitle: Welcome\npublic: true\n---\n\n# Welcome\n\nA handbook for testing.\n',
  'members.md': '---\ntitle: Members\ndescription: [broken\n---\n\n# Members\n',
  'staff.md': '---\ngroups: [staff]\n---\n# For the staff\n',
};

let gatehouse: TestGatehouse;
let upstream: TestUpstream;
let dashboard: Dashboard;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-browser-'));
  const commands = join(folder, 'commands.yaml');
  const rough = { command: process.execPath, args: [FIXTURE], extraArgs: ['[a-z]+'], serverEnv: ['API_KEY'], era: 'legacy' };
  writeFileSync(commands, JSON.stringify({ rough }));
  gatehouse = await startTestGatehouse({ docs: DOCS, env: { PATH: process.env['PATH'] ?? '', STDIO_COMMANDS_FILE: commands } });
  dashboard = await Dashboard.open(gatehouse);
  upstream = await startMcpUpstream({ eras: ['modern'], tools: TOOLS });
});
afterEach(async () => {
  await dashboard.leave();
  expect(dashboard.takeFaults()).toEqual([]);
});
afterAll(async () => {
  await dashboard.close();
  await gatehouse.remove();
  await upstream.close();
  rmSync(folder, { recursive: true, force: true });
});

const read = async (slug: string): Promise<Record<string, unknown>> => (await gatehouse.admin(`/servers/${slug}`)).json;

describe('a new server', () => {
  it('is tested before it is stored, says what is wrong, and keeps its secret to itself', async () => {
    const page = await dashboard.enter('/servers?new');
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Build files');
    expect(await page.getByRole('textbox', { name: 'Slug' }).inputValue()).toBe('build-files');
    await page.getByRole('textbox', { name: 'URL' }).fill(await closedUrl());
    await page.getByRole('button', { name: 'Test connection' }).click();
    await page.getByText(/cannot be reached/).waitFor();
    await page.getByText('Check the address and port, that it runs').waitFor();

    await page.getByRole('textbox', { name: 'URL' }).fill(upstream.url);
    await page.getByRole('combobox', { name: 'What Gatehouse shows to it' }).click();
    await page.getByRole('option', { name: 'A bearer token' }).click();
    await page.getByRole('textbox', { name: 'Token' }).fill('upstream-token-of-a-test');
    await page.getByRole('button', { name: 'Test connection' }).click();
    await page.getByText('It has 2 tools.').waitFor();
    // The scopes are written against what it really has.
    await page.getByRole('textbox', { name: 'Permissions of scope mcp:use' }).fill('tools/call:read_*');
    await page.getByText('1 of 2 tools').waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    expect(await page.evaluate<string>('JSON.stringify({ ...sessionStorage, ...localStorage })')).not.toContain('upstream-token-of-a-test');

    await page.getByRole('button', { name: 'Create server' }).click();
    await page.getByRole('heading', { name: /^Build files/, level: 1 }).waitFor();
    await page.getByText('It has 2 tools.').waitFor();
    await page.getByText('No credential may call it.').first().waitFor();
    expect(await read('build-files')).toMatchObject({ upstream: { kind: 'http', auth: { type: 'bearer', hasToken: true } } });
    expect(await accessibilityFaults(page)).toEqual([]);
  });

  it('shows who may call its tools, and what a credential may do there', async () => {
    const { id } = await gatehouse.createCredential({ label: 'file reader', servers: ['build-files'] });
    const page = await dashboard.enter('/servers/build-files?test');
    await page.getByRole('listitem').filter({ hasText: 'Reads the file at a path.' }).getByRole('link', { name: 'file reader' }).click();
    await page.getByRole('heading', { name: 'file reader', level: 1 }).waitFor();
    expect(page.url()).toContain(id);
    const access = page.getByRole('region', { name: 'Access' });
    await access.getByText('read_file').waitFor();
    await access.getByText(/more things? looks? to it as if/).waitFor();

    await access.getByRole('tab', { name: 'Simulate a call' }).click();
    await access.getByRole('combobox', { name: 'Target' }).fill('write_file');
    await page.keyboard.press('Escape');
    await access.getByRole('button', { name: 'Ask' }).click();
    await access.getByText('Hidden: it looks like something that does not exist.').waitFor();
    await access.getByRole('combobox', { name: 'Target' }).fill('read_file');
    await page.keyboard.press('Escape');
    await access.getByRole('button', { name: 'Ask' }).click();
    await access.getByText('Allowed.').waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await access.getByRole('tab', { name: 'What it really uses' }).click();
    await access.getByText('It has called nothing in 30 days').waitFor();
  });
});

describe('a program on this machine', () => {
  it('is put behind the door with arguments and a sealed variable, tested, and changed without its variable', async () => {
    const page = await dashboard.enter('/servers?new');
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Rough tools');
    await page.getByText('Command', { exact: true }).click();
    await page.getByRole('textbox', { name: 'Command' }).fill('no such command');
    await page.getByLabel('Further arguments').first().fill('careful');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Add a variable' }).click();
    await page.getByRole('textbox', { name: 'Name of variable 1' }).fill('API_KEY');
    await page.getByRole('textbox', { name: 'Value of variable 1' }).fill('variable-of-a-test');
    // The field of the command says what is wrong with it.
    await page.getByRole('button', { name: 'Create server' }).click();
    await eventually(async () => expect(await page.getByRole('textbox', { name: 'Command' }).getAttribute('aria-invalid')).toBe('true'));
    await page.getByRole('textbox', { name: 'Command' }).fill('rough');
    await page.getByRole('button', { name: 'Test connection' }).click();
    await page.getByText('It has 2 tools.').waitFor();
    await page.getByRole('button', { name: 'Create server' }).click();
    await page.getByRole('heading', { name: /^Rough tools/, level: 1 }).waitFor();
    await page.getByText('Environment, sealed').waitFor();
    expect(await read('rough-tools')).toMatchObject({
      upstream: { kind: 'stdio', command: 'rough', args: ['careful'], envNames: ['API_KEY'] },
    });
    expect(await page.evaluate<string>('JSON.stringify({ ...sessionStorage, ...localStorage })')).not.toContain('variable-of-a-test');

    await page.getByRole('link', { name: 'Edit' }).click();
    await page.getByRole('button', { name: 'Take away' }).click();
    await page.getByRole('button', { name: 'Keep' }).click();
    await page.getByRole('textbox', { name: 'Description', exact: true }).fill('Handle with care');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('Handle with care', { exact: true }).waitFor();
    expect(await read('rough-tools')).toMatchObject({ upstream: { envNames: ['API_KEY'] } });
    expect(await accessibilityFaults(page)).toEqual([]);
  });
});

describe('a group', () => {
  it('holds other servers, each with its prefix, and shows the tools of all', async () => {
    const page = await dashboard.enter('/servers?new');
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Everything');
    await page.getByText('Group', { exact: true }).click();
    await page.getByRole('button', { name: 'Create server' }).click();
    await page.getByText('Choose at least one server.').waitFor();
    await page.getByRole('checkbox', { name: 'Build files' }).check();
    await page.getByRole('checkbox', { name: 'Rough tools' }).check();
    await page.getByRole('textbox', { name: 'Prefix of Build files' }).fill('files.');
    await page.getByRole('textbox', { name: 'Prefix of Rough tools' }).fill('');
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.getByRole('button', { name: 'Create server' }).click();
    await page.getByRole('heading', { name: /^Everything/, level: 1 }).waitFor();
    const tools = page.getByRole('region', { name: 'Tools' });
    await tools.getByText('files.read_file', { exact: true }).waitFor();
    await tools.getByText('look_around', { exact: true }).waitFor();
    expect(await read('everything')).toMatchObject({
      upstream: {
        kind: 'group',
        members: [
          { server: 'build-files', prefix: 'files.' },
          { server: 'rough-tools', prefix: null },
        ],
      },
    });
    await gatehouse.admin('/servers/everything', { method: 'DELETE' });
  });
});

describe('a documentation server', () => {
  it('shows its pages and whom each is for, its warnings, and what is wrong with docs.json while the last good one stays', async () => {
    await eventually(async () => expect((await gatehouse.admin('/servers/docs/docs')).json).toMatchObject({ pages: 3, isIndexing: false }));
    const page = await dashboard.enter('/servers/docs');
    const docs = page.getByRole('region', { name: 'Documentation', exact: true });
    await docs.getByRole('row', { name: /Welcome index Public/ }).waitFor();
    await docs.getByRole('row', { name: /For the staff staff staff/ }).waitFor();
    await page.keyboard.press('/');
    await page.locator('input:focus').waitFor();
    await page.keyboard.type('memb');
    await page.waitForURL(/q=memb/);
    await eventually(async () => expect(await docs.getByRole('row').count()).toBe(2));
    await docs.getByRole('searchbox', { name: 'Search pages' }).fill('');
    await docs.getByRole('combobox', { name: 'For whom' }).click();
    await page.getByRole('option', { name: 'For groups' }).click();
    await page.waitForURL(/for=groups/);
    await eventually(async () => expect(await docs.getByRole('rowgroup').last().getByRole('row').count()).toBe(1));
    expect(await accessibilityFaults(page)).toEqual([]);

    await docs.getByRole('tab', { name: /^Warnings \(\d+\)/ }).click();
    await docs.getByText('members.md').waitFor();
    writeFileSync(join(gatehouse.dir, 'docs', 'docs.json'), '{ "name": ');
    await docs.getByRole('button', { name: 'Look now' }).click();
    await docs.getByText('What it said when it could last be read stays in force until it is mended.').waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await docs.getByRole('tab', { name: 'Pages' }).click();
    await docs.getByRole('row', { name: /For the staff/ }).waitFor();
    writeFileSync(join(gatehouse.dir, 'docs', 'docs.json'), DOCS['docs.json']);
  });

  it('lists what its readers report, until somebody has dealt with it', async () => {
    const credential = await gatehouse.createCredential({ label: 'careful reader' });
    const [server] = await gatehouse.app.get(DataSource).getRepository(Server).findBy({ slug: 'docs' });
    const keeper = gatehouse.app.get(DocsFeedbackService, { strict: false });
    await keeper.keep(server?.id ?? '', { page: 'members', description: 'Step 3 is missing.', owner: credential.id });
    await keeper.keep(server?.id ?? '', { page: 'index', description: 'The link is dead.', owner: 'public' });
    const page = await dashboard.enter('/servers/docs?docs=feedback');
    const docs = page.getByRole('region', { name: 'Documentation', exact: true });
    await docs.getByRole('tab', { name: 'Feedback (2)' }).waitFor();
    await docs.getByText('Step 3 is missing.').waitFor();
    await docs.getByRole('link', { name: 'careful reader' }).waitFor();
    await docs.getByText(/by a caller without a token/).waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await docs.getByRole('button', { name: 'Dealt with: report on members' }).click();
    await page.getByRole('button', { name: 'Remove report' }).click();
    await eventually(async () => expect(await docs.getByText('Step 3 is missing.').count()).toBe(0));
    await docs.getByRole('tab', { name: 'Feedback (1)' }).waitFor();
  });

  it('gets a webhook for its repository, whose secret is shown once, replaced and ended', async () => {
    const repository = new URL(await closedUrl());
    const servers = gatehouse.app.get(DataSource).getRepository(Server);
    const [first] = await servers.findBy({ slug: 'docs' });
    const id = newId();
    const upstreamOfGit = { kind: 'docs' as const, git: { url: `${repository.origin}/handbook.git`, intervalSeconds: 3600 } };
    const handbook = { ...(first as Server), id, slug: 'handbook', name: 'Handbook', isDefault: false, upstream: upstreamOfGit };
    await servers.insert(handbook);
    gatehouse.app.get(ChangeFeed).applyOwn([{ topic: 'server', subject: id }]);
    const directory = gatehouse.app.get(ServerDirectory, { strict: false });
    await eventually(async () => {
      const opened = directory.find('handbook');
      expect(opened).toBeDefined();
      if (opened) await gatehouse.app.get(Upstreams, { strict: false }).of(opened);
    });

    const page = await dashboard.enter('/servers/handbook');
    const source = page.getByRole('region', { name: 'Where its pages come from' });
    await source.getByText('The last pull failed.').waitFor();
    await source.getByRole('button', { name: 'Webhook' }).click();
    await page.getByRole('button', { name: 'Make a secret' }).click();
    await page.getByText('Keep the secret now.').waitFor();
    const text = await page.getByRole('dialog').innerText();
    expect(text).toContain(`${gatehouse.url}/webhooks/docs/handbook`);
    const [secret = ''] = /mcw_\w+/.exec(text) ?? [];
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.getByRole('button', { name: 'I have kept the secret' }).click();
    const push = async (token: string): Promise<number> =>
      (await fetch(`${gatehouse.url}/webhooks/docs/handbook`, { method: 'POST', headers: { 'x-gitlab-token': token } })).status;
    expect(await push(secret)).toBe(202);

    await source.getByText('may ask for a pull').waitFor();
    await source.getByRole('button', { name: 'Webhook' }).click();
    await page.getByRole('button', { name: 'New secret' }).click();
    await page.getByRole('button', { name: 'Make a new secret' }).click();
    await page.getByText('Keep the secret now.').waitFor();
    expect(await push(secret)).toBe(401);
    await page.getByRole('button', { name: 'I have kept the secret' }).click();
    await source.getByRole('button', { name: 'Webhook' }).click();
    await page.getByRole('button', { name: 'Remove', exact: true }).click();
    await page.getByRole('button', { name: 'Remove webhook' }).click();
    await source.getByText('none', { exact: true }).waitFor();
  });
});

describe('a documentation server from a Git repository', () => {
  let host: GitHost;
  beforeAll(async () => {
    host = await startGitHost(mkdtempSync(join(folder, 'git-')));
    host.commit({ 'guide/index.md': '# From the repository\n', 'other.md': '# Elsewhere\n' });
    host.commit({ 'guide/index.md': '# From the next version\n' }, 'next');
    host.protect('reader', 'token-of-the-host');
  });
  afterAll(() => host.close());

  it('is tested before it is stored, at each field says what is wrong, and keeps its token to itself', async () => {
    const page = await dashboard.enter('/servers?new');
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Guide');
    await page.getByRole('radiogroup', { name: 'Kind' }).getByText('Documentation', { exact: true }).click();
    await page.getByText('A Git repository', { exact: true }).click();
    await page.getByRole('button', { name: 'Create server' }).click();
    await page.getByText('A URL such as https://git.example.com/docs.git.').waitFor();
    await page.getByRole('textbox', { name: 'Repository' }).fill(host.url);
    await page.getByRole('textbox', { name: 'Branch or tag' }).fill('main');
    await page.getByRole('button', { name: 'Test connection' }).click();
    await page
      .getByRole('status')
      .getByText(/repository/)
      .first()
      .waitFor();

    await page.getByRole('checkbox', { name: 'It asks who reads it' }).check();
    await page.getByRole('textbox', { name: 'User at the Git host' }).fill('reader');
    await page.getByRole('button', { name: 'Create server' }).click();
    const token = page.getByRole('textbox', { name: 'Token', exact: true });
    await page.getByText('A token is needed.').first().waitFor();
    await token.fill('token-of-the-host');
    await page.getByRole('textbox', { name: 'Folder in it' }).fill('../guide');
    await page.getByRole('button', { name: 'Create server' }).click();
    await page.getByText('It leads out of the repository.').first().waitFor();
    await page.getByRole('textbox', { name: 'Folder in it' }).fill('nowhere');
    await page.getByRole('button', { name: 'Test connection' }).click();
    await page.getByText(/^nowhere cannot be read/).waitFor();
    await page.getByText(/^Check where its pages come from/).waitFor();
    await page.getByRole('textbox', { name: 'Folder in it' }).fill('guide');
    await page.getByRole('button', { name: 'Test connection' }).click();
    await page.getByText(/^It has 4 tools/).waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    expect(await page.evaluate<string>('JSON.stringify({ ...sessionStorage, ...localStorage })')).not.toContain('token-of-the-host');

    await page.getByRole('button', { name: 'Create server' }).click();
    await page.getByRole('heading', { name: /^Guide/, level: 1 }).waitFor();
    await page.getByRole('row', { name: /From the repository index/ }).waitFor();
    const git = { url: host.url, branch: 'main', path: 'guide', intervalSeconds: 300, auth: { username: 'reader', hasToken: true } };
    expect(await read('guide')).toMatchObject({ upstream: { kind: 'docs', dir: null, git } });
  });

  it('is moved to another branch without its token, asks for it where the host changes, and becomes a folder', async () => {
    const page = await dashboard.enter('/servers/guide?edit');
    await page.getByText('Stored and not shown. Empty: it stays.').waitFor();
    await page.getByRole('textbox', { name: 'Branch or tag' }).fill('next');
    await page.getByRole('textbox', { name: 'Seconds between pulls' }).fill('60');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByRole('row', { name: /From the next version index/ }).waitFor();
    expect(await read('guide')).toMatchObject({ upstream: { git: { branch: 'next', intervalSeconds: 60, auth: { hasToken: true } } } });

    await page.getByRole('link', { name: 'Edit' }).click();
    await page.getByRole('textbox', { name: 'Repository' }).fill(`${new URL(await closedUrl()).origin}/docs.git`);
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page
      .getByText(/It does not move along to another host/)
      .first()
      .waitFor();
    await page.getByText('A folder', { exact: true }).click();
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByRole('row', { name: /Welcome index/ }).waitFor();
    expect(await read('guide')).toMatchObject({ upstream: { kind: 'docs', dir: null, git: null } });
    await gatehouse.admin('/servers/guide', { method: 'DELETE' });
  });
});

describe('the form of a server on a phone', () => {
  it('shows every kind whole', async () => {
    const page = await dashboard.enter('/servers?new', { viewport: PHONE });
    const kinds = page.getByRole('radiogroup', { name: 'Kind' });
    await kinds.getByText('Group', { exact: true }).waitFor();
    const isCut = `[...document.querySelectorAll('.gh-kinds label')].filter((label) =>
      label.getBoundingClientRect().right > document.querySelector('.gh-kinds').getBoundingClientRect().right || label.scrollWidth > label.clientWidth
    ).map((label) => label.textContent)`;
    expect(await page.evaluate<string[]>(isCut)).toEqual([]);
  });
});

describe('a server that is there', () => {
  it('is changed without its secret, and two admins get a conflict that they can resolve', async () => {
    const page = await dashboard.enter('/servers/build-files?edit');
    await page.getByRole('textbox', { name: 'Description', exact: true }).fill('Mine');
    await gatehouse.admin('/servers/build-files', { method: 'PATCH', body: { description: 'Theirs', tokenTtl: 600 } });
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    const conflict = page.getByRole('dialog', { name: 'Somebody else changed this meanwhile' });
    await conflict.getByRole('button', { name: 'Save this' }).click();
    await page.getByText('Mine', { exact: true }).waitFor();
    await eventually(async () =>
      expect(await read('build-files')).toMatchObject({ description: 'Mine', tokenTtl: 600, upstream: { auth: { hasToken: true } } }),
    );
  });

  it('is not deleted while credentials need it, unless it is taken out of them', async () => {
    const page = await dashboard.enter('/servers/build-files');
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByText('Credentials that name it: file reader.').waitFor();
    await page.getByRole('textbox', { name: /^Type/ }).fill('build-files');
    await page.getByRole('button', { name: 'Delete server' }).click();
    await page.getByRole('alert').waitFor();
    await page.getByRole('checkbox', { name: /^Take it out/ }).check();
    await page.getByRole('button', { name: 'Delete server' }).click();
    await page.getByRole('heading', { name: 'Servers', level: 1 }).waitFor();
    expect((await gatehouse.admin('/servers/build-files')).status).toBe(404);
  });
});
