// Makes the screenshots that docs/dashboard.md and the README show: starts the built application with two days of made-up use, and looks
// at its pages. Run it after `npm run build`; CHROMIUM names another browser than Debian's.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { PASSWORD, startBuilt } from './start-built.mjs';

const TARGET = 'docs/images';
const HOUR_MS = 3_600_000;
const DAY_HOURS = 24;
const VERSION = '2026-07-28';

/** Two windows of the overview, so that it has something to compare with. */
let behind = (2 * DAY_HOURS - 1) * HOUR_MS;
const gatehouse = await startBuilt({ clock: () => Date.now() - behind });

async function ask(path, { method = 'GET', body, headers = {} } = {}) {
  const response = await fetch(gatehouse.url + path, { method, headers, ...(body === undefined ? {} : { body }) });
  const text = await response.text();
  if (!response.ok && response.status !== 403) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text === '' ? {} : JSON.parse(text);
}

const basic = (user, password) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
const admin = (path, body, method = 'POST') =>
  ask(`/api/v1${path}`, {
    method,
    body: JSON.stringify(body),
    headers: { authorization: basic('admin', PASSWORD), 'content-type': 'application/json' },
  });

async function tokenFor({ clientId, clientSecret }) {
  const answer = await ask('/authed/mcp/oauth/token', {
    method: 'POST',
    headers: { authorization: basic(clientId, clientSecret), 'content-type': 'application/x-www-form-urlencoded' },
    body: 'grant_type=client_credentials',
  });
  return answer.access_token;
}

const call = (token, name, args) =>
  ask('/authed/mcp', {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': VERSION,
      'mcp-method': 'tools/call',
      'mcp-name': name,
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: {
        name,
        arguments: args,
        _meta: { 'io.modelcontextprotocol/protocolVersion': VERSION, 'io.modelcontextprotocol/clientCapabilities': {} },
      },
    }),
  });

/** How busy an hour of the day is, from 1 to 9. */
const rush = (hour) => Math.round(5 - 4 * Math.cos(((hour - 2) / DAY_HOURS) * 2 * Math.PI));

async function liveTwoDays() {
  const soon = new Date(Date.now() + 9 * DAY_HOURS * HOUR_MS).toISOString();
  const machines = [
    await admin('/credentials', { label: 'nightly build' }),
    await admin('/credentials', { label: 'support agent' }),
    await admin('/credentials', { label: 'docs bot', scopes: ['mcp:search'] }),
    await admin('/credentials', { label: 'release pipeline', expiresAt: soon }),
  ];
  const trust = { issuer: 'https://token.actions.githubusercontent.com', subject: 'repo:acme/site:ref:refs/heads/main' };
  await admin('/credentials', { label: 'acme/site on main', authMethod: 'workload_identity', trust });
  for (; behind > 0; behind -= HOUR_MS) {
    const hour = new Date(Date.now() - behind).getUTCHours();
    for (const [index, machine] of machines.entries()) {
      const token = await tokenFor(machine);
      for (let i = 0; i < rush(hour) - index; i++) {
        if (behind < DAY_HOURS * HOUR_MS || i % 3 > 0) await call(token, 'search_gatehouse', { query: 'rotate a secret' });
        if (i % 2 === 0) await call(token, 'read_gatehouse', { path: '/scopes' });
      }
    }
  }
  behind = 0;
  await observeOne(machines[1]);
  await admin(`/credentials/${machines[3].id}/rotate`, { overlapSeconds: 86_400 });
  await tokenFor(machines[3]);
  return machines;
}

/** One that is finding out what it needs: its scopes would have refused a part of what it does. */
async function observeOne(machine) {
  await admin(`/credentials/${machine.id}`, { scopes: ['mcp:search'], observe: true }, 'PATCH');
  const token = await tokenFor(machine);
  for (let i = 0; i < 2; i++) await call(token, 'read_gatehouse', { path: '/scopes' });
  await call(token, 'search_gatehouse', { query: 'rotate a secret' });
}

async function open(browser, { scheme, viewport }) {
  const context = await browser.newContext({ viewport, colorScheme: scheme, reducedMotion: 'reduce' });
  const page = await context.newPage();
  await page.goto(`${gatehouse.url}/dashboard`);
  await page.getByLabel('Name').fill('admin');
  await page.getByRole('textbox', { name: 'Password' }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.locator('.gh-shell').waitFor();
  return page;
}

async function shoot(page, path, name, prepare = () => undefined) {
  await page.goto(`${gatehouse.url}/dashboard${path}`);
  await page.locator('h1').first().waitFor();
  await prepare(page);
  await page.locator('[aria-label="Loading"]').first().waitFor({ state: 'detached' });
  // Charts measure their place before they draw.
  await page.waitForTimeout(700);
  await page.screenshot({ path: join(TARGET, `${name}.jpg`), type: 'jpeg', quality: 74 });
}

const machines = await liveTwoDays();
// Use is written in batches within a second.
await new Promise((resolve) => setTimeout(resolve, 1500));
mkdirSync(TARGET, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
try {
  const desk = await open(browser, { scheme: 'light', viewport: { width: 1200, height: 760 } });
  await shoot(desk, '/', 'overview', (page) => page.locator('.recharts-bar-rectangle').first().waitFor());
  await shoot(desk, '/credentials?new', 'new-credential', async (page) => {
    await page.getByLabel('Label').fill('staging smoke tests');
    await page.getByRole('complementary').getByText('search_gatehouse', { exact: true }).waitFor();
  });
  await shoot(desk, `/credentials/${machines[3].id}`, 'credential');
  await shoot(desk, '/servers/docs', 'documentation-server', (page) => page.getByRole('row').nth(3).waitFor());
  await shoot(desk, `/credentials/${machines[1].id}?access=used`, 'observe', async (page) => {
    const access = page.getByRole('region', { name: 'Access' });
    await access.getByText('would do.').waitFor();
    await access.scrollIntoViewIfNeeded();
    await access.evaluate((element) => scrollTo(0, element.getBoundingClientRect().top + scrollY - 20));
  });
  const night = await open(browser, { scheme: 'dark', viewport: { width: 1200, height: 760 } });
  await shoot(night, '/audit', 'audit-dark');
  const phone = await open(browser, { scheme: 'light', viewport: { width: 390, height: 760 } });
  await shoot(phone, '/', 'overview-phone');
} finally {
  await browser.close();
  await gatehouse.remove();
}
console.log(`Wrote ${TARGET}.`);
process.exit(0);
