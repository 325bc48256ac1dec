import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { accessibilityFaults, Dashboard, DESK } from '../support/dashboard.js';
import { eventually } from '../support/eventually.js';
import { type Answer, ask, type NewCredential, startTestGatehouse, type TestGatehouse } from '../support/gatehouse.js';

let gatehouse: TestGatehouse;
let dashboard: Dashboard;
beforeAll(async () => {
  gatehouse = await startTestGatehouse();
  dashboard = await Dashboard.open(gatehouse);
});
afterEach(async () => {
  await dashboard.leave();
  expect(dashboard.takeFaults()).toEqual([]);
});
afterAll(async () => {
  await dashboard.close();
  await gatehouse.remove();
});

const read = async (id: string): Promise<Record<string, unknown>> => (await gatehouse.admin(`/credentials/${id}`)).json;
const find = async (label: string): Promise<Record<string, unknown>[]> =>
  (await gatehouse.admin(`/credentials?search=${encodeURIComponent(label)}`)).json['items'] as Record<string, unknown>[];
const MODERN = '2026-07-28';
const META = { 'io.modelcontextprotocol/protocolVersion': MODERN, 'io.modelcontextprotocol/clientCapabilities': {} };

const callTool = (url: string, token: string, name: string, args: object): Promise<Answer> =>
  ask(url, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': MODERN,
      'mcp-method': 'tools/call',
      'mcp-name': name,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args, _meta: META } }),
  });
const dialog = (page: Page) => page.getByRole('dialog');

describe('making a credential', () => {
  it('needs no mouse, previews what it will be able to do, shows the secret once, and tries the whole flow', async () => {
    const page = await dashboard.enter('/credentials');
    await page.keyboard.press('n');
    await page.getByLabel('Label').waitFor();
    await eventually(async () =>
      expect(await page.evaluate<string>('document.activeElement?.getAttribute("placeholder") ?? ""')).toBe('nightly build'),
    );
    await page.keyboard.type('smoke tests');
    const preview = page.getByRole('complementary', { name: 'What it will be able to do' });
    expect(await preview.innerText()).toContain('read_');

    // To the permissions: only searching.
    await page.getByRole('radio', { name: 'Only these scopes' }).focus();
    await page.keyboard.press('Space');
    await page.getByRole('checkbox', { name: 'mcp:read' }).focus();
    await page.keyboard.press('Space');
    await eventually(async () => expect(await preview.innerText()).not.toContain('mcp:read'));
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.getByLabel('Label').focus();
    await page.keyboard.press('Enter');

    await page.getByText('Keep the secret now.').waitFor();
    const text = await dialog(page).innerText();
    const secret = /mcs_\w+/.exec(text)?.[0] ?? '';
    const [{ clientId, id, scopes } = {}] = await find('smoke tests');
    expect(text).toContain(clientId);
    expect(scopes).toEqual(['mcp:search']);
    await page.getByRole('button', { name: 'Copy secret' }).click();
    expect(await page.evaluate<string>('navigator.clipboard.readText()')).toBe(secret);

    for (const tab of ['curl', 'TypeScript', 'Python', 'Claude Code', 'Other clients', 'GitHub Actions', 'GitLab CI']) {
      await page.getByRole('tab', { name: tab, exact: true }).click();
      const snippet = await page.getByRole('region', { name: `${tab} snippet` }).innerText();
      expect(snippet).toContain(clientId);
      expect(snippet).toContain(`${gatehouse.url}/authed/mcp`);
    }
    expect(await accessibilityFaults(page)).toEqual([]);

    await page.getByRole('button', { name: 'Try it' }).click();
    await page.getByRole('combobox', { name: 'Call a tool' }).waitFor();
    for (const step of ['401 Call without a token', '200 Read the resource’s metadata', '200 Ask for a token', '200 List the tools'])
      await page.getByRole('button', { name: step }).waitFor();
    await page.getByLabel('Arguments').fill('{ "query": "zebra" }');
    await page.getByRole('button', { name: 'Call it' }).click();
    await page.getByRole('button', { name: /^200 Call search_/ }).click();
    await page
      .getByRole('region', { name: /^Answer: Call search_/ })
      .getByText(/zebra protocol/)
      .first()
      .waitFor();
    // What stands on the screen is nobody's token.
    await page.getByRole('button', { name: '200 Ask for a token' }).click();
    const shown = await page.getByRole('region', { name: 'Request: Ask for a token' }).innerText();
    expect(shown).toMatch(/Authorization: Basic \w{12}…/);

    await page.getByRole('button', { name: 'I have kept the secret' }).click();
    await page.getByRole('heading', { name: 'smoke tests', level: 1 }).waitFor();
    expect(page.url()).toContain(id);
    expect(await page.content()).not.toContain(secret);
  });

  it('says what is missing before it asks, and shows the server’s refusals at their fields', async () => {
    const page = await dashboard.enter('/credentials?new');
    await page.getByRole('button', { name: 'Create credential' }).click();
    await page.getByText('Give it a name that you will know it by.').waitFor();
    await page.getByLabel('Label').fill('acme site');
    await page.getByRole('combobox', { name: 'How it proves itself' }).click();
    await page.getByRole('option', { name: 'Workload identity' }).click();
    await page.getByRole('button', { name: 'GitHub Actions' }).click();
    await page.getByLabel('Subject').fill('repo:*');
    await page.getByRole('button', { name: 'Create credential' }).click();
    await eventually(async () => expect(await page.getByLabel('Subject').getAttribute('aria-invalid')).toBe('true'));
    await page.getByLabel('Subject').fill('repo:acme/site:ref:refs/heads/main');
    await page.getByRole('button', { name: 'Create credential' }).click();
    await page.getByText('“acme site” is ready.').waitFor();
    await page.getByRole('button', { name: 'Done' }).click();
  });

  it('outlives a reload and a lost answer, and makes one credential only', async () => {
    const page = await dashboard.enter('/credentials?new');
    await page.getByLabel('Label').fill('made once');
    await page.reload();
    await page.getByLabel('Label').waitFor();
    expect(await page.getByLabel('Label').inputValue()).toBe('made once');

    // The server makes it, and the answer is lost on its way.
    await page.route('**/api/v1/credentials', async (route) => {
      if (route.request().method() !== 'POST') return route.continue();
      await route.fetch();
      await route.abort('connectionreset');
    });
    await page.getByRole('button', { name: 'Create credential' }).click();
    await page.getByText('No answer from the server.').waitFor();
    await page.unrouteAll();
    await page.reload();
    await page.getByText('Keep the secret now.').waitFor();
    expect(await find('made once')).toHaveLength(1);
    const secret = /mcs_\w+/.exec(await dialog(page).innerText())?.[0] ?? '';
    const [{ clientId } = {}] = await find('made once');
    expect((await gatehouse.token({ clientId: clientId as string, clientSecret: secret })).status).toBe(200);
    await page.getByRole('button', { name: 'I have kept the secret' }).click();
  });
});

describe('what few credentials need', () => {
  it('stands in an advanced part, is sent only where it was touched, and is seen again on its page', async () => {
    const page = await dashboard.enter('/credentials?new');
    await page.getByLabel('Label').fill('docs agent');
    await page.getByRole('button', { name: 'Advanced' }).click();
    await page.getByLabel('Reader groups').first().fill('staff');
    await page.keyboard.press('Enter');
    await page.getByRole('checkbox', { name: 'For others, by token exchange' }).check();
    await page.getByRole('checkbox', { name: 'Refuse what it cannot have' }).check();
    await page.getByRole('checkbox', { name: 'Give it refresh tokens' }).uncheck();
    expect(await page.getByRole('checkbox', { name: 'Bind its tokens to its client certificate' }).isDisabled()).toBe(true);
    await page.getByRole('combobox', { name: 'May introspect tokens of' }).focus();
    await page.keyboard.press('ArrowDown');
    await page.getByRole('option', { name: 'Documentation' }).waitFor();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    expect(await accessibilityFaults(page)).toEqual([]);
    const sent = page.waitForRequest((request) => request.method() === 'POST' && request.url().endsWith('/api/v1/credentials'));
    await page.getByRole('button', { name: 'Create credential' }).click();
    const body = (await sent).postDataJSON() as Record<string, unknown>;
    expect(body).toEqual({
      label: 'docs agent',
      authMethod: 'client_secret',
      servers: ['docs'],
      docsGroups: ['staff'],
      grantTypes: ['client_credentials', 'urn:ietf:params:oauth:grant-type:token-exchange'],
      strictScope: true,
      issueRefreshToken: false,
      introspects: ['docs'],
    });
    await page.getByRole('button', { name: 'I have kept the secret' }).click();

    const settings = page.getByRole('region', { name: 'Settings' });
    await settings.getByText('by token exchange, besides for itself').waitFor();
    await settings.getByText('staff', { exact: true }).waitFor();
    await page.getByRole('link', { name: 'Edit' }).click();
    await page.getByRole('checkbox', { name: 'For itself' }).uncheck();
    await page.getByRole('checkbox', { name: 'Observe mode' }).check();
    await page.getByLabel('Observe mode ends').fill('2020-01-01T00:00');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await eventually(async () => expect(await page.getByLabel('Observe mode ends').getAttribute('aria-invalid')).toBe('true'));
    await page.getByLabel('Observe mode ends').fill('');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('It is in observe mode.').waitFor();
    const [found] = await find('docs agent');
    expect(found).toMatchObject({ grantTypes: ['urn:ietf:params:oauth:grant-type:token-exchange'], observe: true, strictScope: true });
  });
});

describe('the list', () => {
  it('is searched, filtered and sorted in its address', async () => {
    const idle = await gatehouse.createCredential({ label: 'aardvark feed' });
    await gatehouse.createCredential({ label: 'aardvark web' });
    await gatehouse.admin(`/credentials/${idle.id}/disable`, { method: 'POST' });
    const page = await dashboard.enter('/credentials');
    await page.getByRole('heading', { name: 'Credentials', level: 1 }).waitFor();
    await page.keyboard.press('/');
    await page.locator('input:focus').waitFor();
    await page.keyboard.type('aardvark');
    await page.waitForURL(/q=aardvark/);
    await page.getByText('Disabled', { exact: true }).first().click();
    await page.waitForURL(/status=disabled/);
    await eventually(async () => expect(await page.getByRole('row').count()).toBe(2));
    await page.goto(dashboard.url('/credentials?q=aardvark&sort=label'));
    await page.getByRole('link', { name: 'aardvark web' }).waitFor();
    expect(await page.getByRole('columnheader', { name: 'Label' }).getAttribute('aria-sort')).toBe('ascending');
    expect(await page.getByRole('link', { name: /^aardvark/ }).allInnerTexts()).toEqual(['aardvark feed', 'aardvark web']);
    // The server sorts, so that the order does not end where the page ends.
    const sorted = page.waitForResponse((response) => response.url().includes('sort=expiresAt') && response.ok());
    await page.getByRole('button', { name: 'Ends' }).click();
    await sorted;
    await page.goto(dashboard.url('/credentials?q=nothing+like+it'));
    await page.getByText('No credential fits').waitFor();
  });
});

describe('the page of a credential', () => {
  let credential: NewCredential;
  let page: Page;

  async function open(label: string): Promise<void> {
    credential = await gatehouse.createCredential({ label });
    page = await dashboard.enter(`/credentials/${credential.id}`, { viewport: DESK });
    await page.getByRole('heading', { name: label, level: 1 }).waitFor();
  }

  const act = async (name: string): Promise<void> => {
    await page.getByRole('button', { name: 'More acts' }).click();
    await page.getByRole('menuitem', { name }).click();
  };

  it('rotates with an overlap, and proves that the old secret has gone quiet', async () => {
    await open('rotated');
    await page.getByRole('button', { name: 'Rotate', exact: true }).click();
    await page.getByRole('button', { name: 'Make a new secret' }).click();
    await page.getByText('Keep the secret now.').waitFor();
    const clientSecret = /mcs_\w+/.exec(await dialog(page).innerText())?.[0] ?? '';
    await page.getByRole('button', { name: 'I have kept the secret' }).click();
    // That nobody asked for the old one yet proves nothing while nobody has the new one.
    await page.getByText('Nothing uses the new secret yet.').waitFor();
    await page.getByRole('region', { name: 'Recent events' }).getByText('credential.rotated').waitFor();

    expect((await gatehouse.token({ ...credential, clientSecret })).status).toBe(200);
    await page.getByText(/has gone quiet/).waitFor();
    expect((await gatehouse.token(credential)).status).toBe(200);
    await page.getByText(/is still in use/).waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);

    await page
      .getByRole('row', { name: /Old/ })
      .getByRole('button', { name: /^End now/ })
      .click();
    await page.getByRole('button', { name: 'End secret', exact: true }).click();
    await eventually(async () => expect((await gatehouse.token(credential)).status).toBe(401));
    expect((await gatehouse.token({ ...credential, clientSecret })).status).toBe(200);
  });

  it('disables, enables, ends tokens, and deletes only who types the label', async () => {
    await open('doomed');
    await act('Disable');
    await page.getByRole('dialog').getByRole('button', { name: 'Disable' }).click();
    await page.getByText('It is disabled.').waitFor();
    expect((await gatehouse.token(credential)).status).toBe(401);
    await act('Enable');
    await page.getByText('Enabled', { exact: true }).waitFor();
    const token = await gatehouse.accessToken(credential);
    await act('End all its tokens');
    await page.getByRole('button', { name: 'End tokens' }).click();
    await page.getByText('All tokens of “doomed” have ended.').waitFor();
    const called = await fetch(`${gatehouse.url}/authed/mcp`, { method: 'POST', headers: { authorization: `Bearer ${token}` } });
    expect(called.status).toBe(401);

    await act('Delete');
    const remove = page.getByRole('button', { name: 'Delete credential' });
    expect(await remove.isDisabled()).toBe(true);
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.getByRole('textbox', { name: /^Type/ }).fill('doomed');
    await remove.click();
    await page.getByRole('heading', { name: 'Credentials', level: 1 }).waitFor();
    expect((await gatehouse.admin(`/credentials/${credential.id}`)).status).toBe(404);
    await page.goto(dashboard.url(`/credentials/${credential.id}`));
    await page.getByText('There is no such credential').waitFor();
  });

  it('shows two admins who edit the same thing both versions, and lets the second choose', async () => {
    await open('contested');
    await page.getByRole('link', { name: 'Edit' }).click();
    await page.getByLabel('Label').fill('mine');
    await gatehouse.admin(`/credentials/${credential.id}`, { method: 'PATCH', body: { label: 'theirs', tokenTtl: 600 } });
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    const conflict = page.getByRole('dialog', { name: 'Somebody else changed this meanwhile' });
    await conflict.waitFor();
    expect(await conflict.innerText()).toMatch(/Label[\s\S]*mine[\s\S]*theirs[\s\S]*Token lifetime/);
    expect(await accessibilityFaults(page)).toEqual([]);
    await conflict.getByRole('button', { name: 'Save this' }).click();
    await page.getByRole('heading', { name: 'mine', level: 1 }).waitFor();
    // The field that only the other one had changed stays as they left it.
    expect(await read(credential.id)).toMatchObject({ label: 'mine', tokenTtl: 600 });
  });

  it('shows events and usage, and runs the flow with a secret that is pasted', async () => {
    await open('watched');
    await page.getByRole('textbox', { name: 'Its secret' }).fill(credential.clientSecret);
    await page.getByRole('button', { name: 'Try it' }).click();
    await page.getByRole('button', { name: '200 List the tools' }).waitFor();
    await page.reload();
    await page
      .getByRole('button', { name: /token\.issued/ })
      .first()
      .click();
    await page.getByRole('region', { name: 'Detail' }).waitFor();
    await gatehouse.flush();
    await eventually(async () => {
      await page.reload();
      await page.getByRole('table', { name: 'Usage' }).getByText('Tokens').waitFor({ timeout: 2000 });
    }, 20_000);
  });

  it('observes what it needs, and gives it just that with one click, in a scope that is made for it', async () => {
    const search = { name: 'mcp:search', permissions: ['tools/call:search_*'], default: true };
    await gatehouse.admin('/servers/docs', { method: 'PATCH', body: { scopes: [search] } });
    await open('curious agent');
    await page.getByRole('tab', { name: 'What it really uses' }).click();
    await page.getByRole('button', { name: 'Observe it' }).click();
    await page.getByRole('button', { name: 'Observe it for a week' }).click();
    await page.getByText('Observe mode is on.').waitFor();

    const token = await gatehouse.accessToken(credential);
    expect((await callTool(`${gatehouse.url}/authed/mcp`, token, 'read_docs', { path: '/index' })).status).toBe(200);
    await gatehouse.flush();
    await page.reload();
    const access = page.getByRole('region', { name: 'Access' });
    await access.getByRole('link', { name: '1 by observe mode only' }).waitFor();
    await access.getByText('docs:curious-agent would do.').waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await access.getByRole('button', { name: 'Give it just this' }).click();
    const asked = page.getByRole('dialog');
    await asked.getByText('tools/call:read_docs').waitFor();
    await asked.getByRole('button', { name: 'Give it just this' }).click();
    await access.getByText('Its permissions fit').waitFor();
    expect(await read(credential.id)).toMatchObject({ scopes: ['docs:curious-agent'], observe: false });
    const { scopes } = (await gatehouse.admin('/servers/docs')).json;
    expect(scopes).toMatchObject([search, { name: 'docs:curious-agent', permissions: ['tools/call:read_docs'], default: false }]);
  });
});
