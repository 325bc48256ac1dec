import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Browser, chromium, type Page } from 'playwright-core';
import { type NewCredential, PASSWORD, startTestGatehouse, type TestGatehouse } from '../support/gatehouse.js';

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

describe('Swagger UI', () => {
  let gatehouse: TestGatehouse;
  let browser: Browser;
  let page: Page;
  let credential: NewCredential;
  const faults: string[] = [];

  beforeAll(async () => {
    gatehouse = await startTestGatehouse();
    credential = await gatehouse.createCredential();
    browser = await chromium.launch({ executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium', args: ARGUMENTS });
    page = await browser.newPage({ viewport: { width: 1280, height: 1000 } });
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('request', (request) => {
      if (new URL(request.url()).origin !== gatehouse.url && !request.url().startsWith('data:')) faults.push(`outside: ${request.url()}`);
    });
    await page.goto(`${gatehouse.url}/api/docs`);
    await page.waitForSelector('.opblock');
  });
  afterAll(async () => {
    await browser.close();
    await gatehouse.remove();
  });

  async function authorize(scheme: 'admin' | 'client', username: string, password: string): Promise<void> {
    await page.click('button.btn.authorize');
    const form = page.locator('.auth-container', { hasText: scheme }).first();
    await form.locator('input[type="text"], input[name="username"]').first().fill(username);
    await form.locator('input[type="password"]').first().fill(password);
    await form.locator('button.authorize').click();
    await page.click('.btn-done');
  }

  async function execute(operation: string): Promise<{ status: string; body: string }> {
    const block = page.locator(`[id$="${operation}"]`);
    await block.locator('.opblock-summary-control').click();
    await block.locator('button.execute').click();
    const status = await block.locator('.live-responses-table tbody .response-col_status').first().innerText();
    return { status, body: await block.locator('.live-responses-table tbody .response-col_description').first().innerText() };
  }

  it('calls the admin API after Authorize with Basic', async () => {
    await authorize('admin', 'admin', PASSWORD);
    const answer = await execute('CredentialsController_page');
    expect(answer.status).toContain('200');
    expect(answer.body).toContain(credential.clientId);
  });

  it('gets a token from the form of the token endpoint as it stands, with the client by Basic', async () => {
    await authorize('client', credential.clientId, credential.clientSecret);
    const block = page.locator('[id$="TokenController_token"]');
    await block.locator('.opblock-summary-control').click();
    await block.locator('button.execute').click();
    const body = await block.locator('.live-responses-table tbody .response-col_description').first().innerText();
    expect(body).toContain('access_token');
  });

  it('shows an example of every error, loads nothing from outside, and throws nothing', async () => {
    const token = page.locator('[id$="TokenController_token"]');
    const text = await token.innerText();
    for (const status of ['400', '401', '413', '429', '503']) expect(text).toContain(status);
    expect(faults).toEqual([]);
  });
});
