import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { accessibilityFaults, Dashboard } from '../support/dashboard.js';
import { eventually } from '../support/eventually.js';
import { startTestGatehouse, type TestGatehouse } from '../support/gatehouse.js';
import { closedUrl, startMcpUpstream, type TestUpstream } from '../support/http-upstream.js';

const TOOLS = [
  { name: 'read_file', description: 'Reads the file at a path.', inputSchema: { type: 'object' } },
  { name: 'write_file', description: 'Writes it.', inputSchema: { type: 'object' } },
];

let gatehouse: TestGatehouse;
let upstream: TestUpstream;
let dashboard: Dashboard;
beforeAll(async () => {
  gatehouse = await startTestGatehouse();
  upstream = await startMcpUpstream({ eras: ['modern'], tools: TOOLS });
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
