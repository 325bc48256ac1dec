import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { type EverythingServer, serveHttp } from '../fixtures/everything/http.mjs';
import { accessibilityFaults, Dashboard, DESK, overflowOf, PHONE, prefer } from '../support/dashboard.js';
import { eventually } from '../support/eventually.js';
import { startTestGatehouse, type TestGatehouse } from '../support/gatehouse.js';

const SCOPES = [
  { name: 'files:echo', permissions: ['tools/call:test_echo'], default: true },
  { name: 'files:simple', permissions: ['tools/call:test_simple_*', 'tools/call:test_image_*'], default: true },
  { name: 'files:all', permissions: ['*'] },
];

let gatehouse: TestGatehouse;
let dashboard: Dashboard;
let upstream: EverythingServer;
beforeAll(async () => {
  upstream = await serveHttp({ era: 'both' });
  gatehouse = await startTestGatehouse();
  const body = { slug: 'files', name: 'Build files', upstream: { kind: 'http', url: upstream.url }, scopes: SCOPES };
  expect((await gatehouse.admin('/servers', { body })).status).toBe(201);
  const away = { slug: 'away', name: 'Away', upstream: { kind: 'http', url: 'http://127.0.0.1:9/mcp' }, scopes: SCOPES };
  expect((await gatehouse.admin('/servers', { body: away })).status).toBe(201);
  dashboard = await Dashboard.open(gatehouse);
});
afterEach(async () => {
  await dashboard.leave();
  expect(dashboard.takeFaults()).toEqual([]);
});
afterAll(async () => {
  await dashboard.close();
  await gatehouse.remove();
  await upstream.close();
});

const find = async (label: string): Promise<Record<string, unknown>> =>
  ((await gatehouse.admin(`/credentials?search=${encodeURIComponent(label)}`)).json['items'] as Record<string, unknown>[])[0] ?? {};
const toolsOf = async (id: unknown): Promise<string[]> => {
  const { servers } = (await gatehouse.admin(`/credentials/${String(id)}/access`)).json as {
    servers: { server: string; tools: { name: string }[] }[];
  };
  return servers.find(({ server }) => server === 'files')?.tools.map(({ name }) => name) ?? [];
};
const tools = (page: Page) => page.getByRole('region', { name: 'Tools of Build files' });
const tick = (page: Page, name: string) => tools(page).getByRole('checkbox', { name, exact: true });
const mayCall = (page: Page, name: string) =>
  page
    .getByRole('complementary', { name: 'What it will be able to do' })
    .getByRole('listitem')
    .filter({ hasText: new RegExp(`^${name}may be called$`) });

async function press(page: Page, name: string): Promise<void> {
  await tick(page, name).focus();
  await page.keyboard.press('Space');
}

describe('choosing the tools of a credential', () => {
  it('is done by scope and tool by tool, with the keyboard, and the preview tells what comes of it', async () => {
    const page = await dashboard.enter('/credentials?new');
    await page.getByLabel('Label').fill('echo only');
    await page.getByRole('checkbox', { name: 'Documentation' }).uncheck();
    await page.getByRole('checkbox', { name: 'Build files' }).check();
    await tick(page, 'test_echo').waitFor();
    // What the scopes give is ticked; the rest says which scope it would need.
    expect(await tick(page, 'test_simple_text').isChecked()).toBe(true);
    expect(await tick(page, 'test_large').isChecked()).toBe(false);
    await tools(page).getByText('needs files:all').first().waitFor();

    await press(page, 'test_simple_text');
    await eventually(async () => expect(await mayCall(page, 'test_simple_text').count()).toBe(0));
    await mayCall(page, 'test_echo').waitFor();
    await press(page, 'test_large');
    await mayCall(page, 'test_large').waitFor();
    // The scope that gives it gives everything: it is held, and only this tool of it is there.
    expect(await page.getByRole('checkbox', { name: 'files:all' }).isChecked()).toBe(true);
    expect(await mayCall(page, 'test_simple_text').count()).toBe(0);
    await tools(page)
      .getByText(/What the server gets later stays out/)
      .waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);

    await page.getByLabel('Label').focus();
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'I have kept the secret' }).click();
    const made = await find('echo only');
    expect(made).toMatchObject({ servers: ['files'], scopes: ['files:echo', 'files:simple', 'files:all'] });
    expect(await toolsOf(made['id'])).toEqual(expect.arrayContaining(['test_echo', 'test_large', 'test_image_content']));
    expect(await toolsOf(made['id'])).not.toContain('test_simple_text');
    await page.getByText('Only this on files').waitFor();
    await page.getByText(/Its own permissions narrow what its scopes give/).waitFor();
  });

  it('starts from nothing, asks for at least one tool, and goes back to what the scopes give', async () => {
    const page = await dashboard.enter('/credentials?new');
    await page.getByLabel('Label').fill('started from nothing');
    await page.getByRole('checkbox', { name: 'Build files' }).check();
    await tools(page).getByRole('button', { name: 'None of Build files' }).click();
    await page.getByRole('button', { name: 'Create credential' }).click();
    await page.getByText('Choose at least one tool of each server').waitFor();
    await tools(page).getByRole('searchbox', { name: 'Find a tool of Build files' }).fill('echo');
    await press(page, 'test_echo');
    expect(await tick(page, 'test_large').count()).toBe(0);
    await tools(page)
      .getByText(/^1 of \d+ tools/)
      .waitFor();
    const sent = page.waitForRequest((request) => request.method() === 'POST' && request.url().endsWith('/api/v1/credentials'));
    await page.getByRole('button', { name: 'Create credential' }).click();
    expect((await sent).postDataJSON()).toMatchObject({ permissions: { files: ['tools/call:test_echo'] } });
    await page.getByRole('button', { name: 'I have kept the secret' }).click();

    await page.getByRole('link', { name: 'Edit' }).click();
    await eventually(async () => expect(await tick(page, 'test_echo').isChecked()).toBe(true));
    expect(await tick(page, 'test_simple_text').isChecked()).toBe(false);
    await tools(page).getByRole('button', { name: 'All that its scopes give' }).click();
    expect(await tick(page, 'test_simple_text').isChecked()).toBe(true);
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await eventually(async () => expect((await find('started from nothing'))['permissions']).toBeNull());
  });

  it('is possible while a server does not answer, by its scopes', async () => {
    const page = await dashboard.enter('/credentials?new');
    await page.getByLabel('Label').fill('by scope');
    await page.getByRole('checkbox', { name: 'Documentation' }).uncheck();
    await page.getByRole('checkbox', { name: 'Away' }).check();
    await page.getByText('Its tools cannot be listed now.').waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.getByRole('button', { name: 'Create credential' }).click();
    await page.getByText('Keep the secret now.').waitFor();
    expect(await find('by scope')).toMatchObject({ servers: ['away'], permissions: null });
  });

  it('shows two admins what the other one chose', async () => {
    const credential = await gatehouse.createCredential({
      label: 'shared',
      servers: ['files'],
      permissions: { files: ['tools/call:test_echo'] },
    });
    const page = await dashboard.enter(`/credentials/${credential.id}?edit`);
    await tick(page, 'test_simple_text').waitFor();
    await press(page, 'test_simple_text');
    await gatehouse.admin(`/credentials/${credential.id}`, {
      method: 'PATCH',
      body: { permissions: { files: ['tools/call:test_echo', 'tools/call:test_image_content'] } },
    });
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    const conflict = page.getByRole('dialog', { name: 'Somebody else changed this meanwhile' });
    await conflict.getByText('files: tools/call:test_echo, tools/call:test_simple_text').waitFor();
    await conflict.getByText('files: tools/call:test_echo, tools/call:test_image_content').waitFor();
    await conflict.getByText('Theirs', { exact: true }).first().click();
    await conflict.getByRole('button', { name: 'Save this' }).click();
    await page.getByText('Saved.').waitFor();
    expect(await toolsOf(credential.id)).toEqual(expect.arrayContaining(['test_echo', 'test_image_content']));
    expect(await toolsOf(credential.id)).not.toContain('test_simple_text');
  });

  it.each(['light', 'dark'] as const)('fits a phone, and can be read, when it is %s', async (scheme) => {
    const page = await dashboard.enter('/credentials?new', { viewport: PHONE });
    await prefer(page, scheme);
    await page.getByRole('checkbox', { name: 'Build files' }).check();
    await tick(page, 'test_echo').waitFor();
    await press(page, 'test_echo');
    expect(await overflowOf(page)).toBe(0);
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.setViewportSize(DESK);
  });
});
