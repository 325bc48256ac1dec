import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { accessibilityFaults, Dashboard, DESK, overflowOf, PHONE, prefer, walkTo } from '../support/dashboard.js';
import { eventually } from '../support/eventually.js';
import { type NewCredential, startTestGatehouse, type TestGatehouse } from '../support/gatehouse.js';

let gatehouse: TestGatehouse;
let dashboard: Dashboard;
let credential: NewCredential;
beforeAll(async () => {
  gatehouse = await startTestGatehouse();
  dashboard = await Dashboard.open(gatehouse);
  credential = await gatehouse.createCredential({ label: 'nightly build' });
  await gatehouse.accessToken(credential);
  await gatehouse.token({ clientId: credential.clientId, clientSecret: 'wrong' });
  await gatehouse.createCredential({ label: 'release pipeline', expiresAt: new Date(Date.now() + 3 * 86_400_000).toISOString() });
  await gatehouse.admin('/admin-keys', { body: { label: 'terraform', role: 'operator' } });
});
afterEach(async () => {
  await dashboard.leave();
  expect(dashboard.takeFaults()).toEqual([]);
});
afterAll(async () => {
  await dashboard.close();
  await gatehouse.remove();
});

describe('every page', () => {
  const places = (): readonly (readonly [string, string])[] => [
    ['/', 'Overview'],
    ['/credentials', 'Credentials'],
    [`/credentials/${credential.id}`, 'nightly build'],
    ['/credentials?new', 'Credentials'],
    ['/servers', 'Servers'],
    ['/servers/docs', 'Documentation'],
    ['/servers/docs?docs=feedback', 'Documentation'],
    ['/servers?new', 'Servers'],
    ['/audit', 'Audit'],
    ['/audit?live=1', 'Audit'],
    ['/webhooks', 'Webhooks'],
    ['/webhooks?new', 'Webhooks'],
    ['/admins', 'Admins and keys'],
    ['/admins?tab=keys', 'Admins and keys'],
    ['/settings', 'Settings'],
    ['/nowhere', 'There is no such page'],
  ];

  /** What is wrong with the page as it stands, in one size. */
  async function look(page: Page, what: 'all' | 'contrast'): Promise<string[]> {
    const faults = await accessibilityFaults(page, what);
    const excess = await overflowOf(page);
    return excess > 0 ? [...faults, `wider than the window by ${excess}px`] : faults;
  }

  /** On a desk in both appearances, of which only the colours differ, and on a phone, where much is arranged otherwise. */
  async function lookThrice(page: Page): Promise<string[]> {
    const light = await look(page, 'all');
    await prefer(page, 'dark');
    const dark = await look(page, 'contrast');
    await page.setViewportSize(PHONE);
    const phone = await look(page, 'all');
    await page.setViewportSize(DESK);
    await prefer(page, 'light');
    return [...light, ...dark.map((fault) => `dark: ${fault}`), ...phone.map((fault) => `phone: ${fault}`)];
  }

  it('is free of accessibility faults (WCAG 2.2 AA) in light and dark, on a desk and on a phone, fits, and stands under its own title', async () => {
    const page = await dashboard.enter('/', { viewport: DESK });
    const faults: string[] = [];
    for (const [path, title] of places()) {
      await walkTo(page, dashboard.url(path));
      await page.locator('h1', { hasText: title }).waitFor({ state: 'attached' });
      await eventually(async () => expect(await page.locator('[aria-label="Loading"]').count()).toBe(0));
      faults.push(...(await lookThrice(page)).map((fault) => `${path}: ${fault}`));
      if ((await page.title()) !== `${title} · Gatehouse`) faults.push(`${path}: is titled ${await page.title()}`);
    }
    expect(faults).toEqual([]);
  }, 180_000);
});

describe('getting around', () => {
  it('goes by letters, finds things by name, and never loads the page again', async () => {
    const page = await dashboard.enter('/');
    await page.evaluate('window.sameDocument = true');
    await page.keyboard.press('g');
    await page.keyboard.press('a');
    await page.getByRole('heading', { name: 'Audit', level: 1 }).waitFor();
    await page.keyboard.press('ControlOrMeta+k');
    await page.getByRole('combobox', { name: 'Find or do' }).waitFor();
    // What is typed before the field has the focus goes nowhere.
    await page.locator('[role=combobox]:focus').waitFor();
    await page.keyboard.type('nightly');
    await page.getByRole('option', { name: /nightly build/ }).waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'nightly build', level: 1 }).waitFor();
    // A screen reader begins with the page's heading.
    await eventually(async () => expect(await page.evaluate<string>('document.activeElement?.tagName')).toBe('H1'));
    await page.keyboard.press('?');
    await page.getByRole('switch', { name: 'Single keys act' }).click();
    await page.keyboard.press('Escape');
    await page.keyboard.press('n');
    expect(await page.getByRole('dialog').count()).toBe(0);
    expect(await page.evaluate('window.sameDocument')).toBe(true);
  });

  it('keeps the chosen appearance, whatever the system says', async () => {
    const page = await dashboard.enter('/', { scheme: 'light' });
    await page.getByText('Dark', { exact: true }).click({ force: true });
    await page.reload();
    expect(await page.locator('html').getAttribute('data-mantine-color-scheme')).toBe('dark');
  });

  it('has its menu behind a button on a phone', async () => {
    const page = await dashboard.enter('/', { viewport: PHONE });
    await page.getByRole('button', { name: 'Menu' }).click();
    await page.getByRole('link', { name: 'Servers' }).last().click();
    await page.getByRole('heading', { name: 'Servers', level: 1 }).waitFor();
    await eventually(async () => expect(await page.getByRole('dialog').count()).toBe(0));
  });
});

describe('the overview', () => {
  it('counts, compares, says what wants a look, and has a table beside its chart', async () => {
    await gatehouse.flush();
    const page = await dashboard.enter('/');
    await eventually(async () => {
      await page.reload();
      await page.getByRole('img', { name: /Bars by hour\. .*1 tokens/ }).waitFor({ timeout: 3000 });
    }, 20_000);
    await page.getByRole('link', { name: 'release pipeline' }).waitFor();
    await page.getByText(/Ends in \d days?/).waitFor();
    await page.getByRole('button', { name: 'Show as a table' }).click();
    await page.getByRole('region', { name: 'Calls, refusals and tokens' }).getByRole('row').nth(23).waitFor();
    await page.getByText('7 days', { exact: true }).click();
    await page.waitForURL(/window=7d/);
  });
});

describe('the audit trail', () => {
  it('is filtered in its address, opened, exported, and followed as it grows', async () => {
    const page = await dashboard.enter('/audit?kind=token.*');
    await page.getByRole('button', { name: /token\.refused/ }).click();
    await page.getByRole('region', { name: 'Detail' }).getByText('invalid_client').waitFor();
    expect(await page.getByRole('button', { name: /credential\.created/ }).count()).toBe(0);

    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Export' }).click()]);
    const lines = readFileSync(await download.path(), 'utf8')
      .trim()
      .split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { kind: string }).kind).sort()).toEqual(['token.issued', 'token.refused']);

    await page.goto(dashboard.url('/audit?kind=token.*&live=1'));
    await page.getByText('Live', { exact: true }).first().waitFor();
    await page.getByText('Waiting for something to happen').waitFor();
    await gatehouse.accessToken(credential);
    await page.getByRole('button', { name: /token\.issued/ }).waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    await gatehouse.accessToken(credential);
    await page.getByRole('button', { name: 'Go on (1 new)' }).click();
    await eventually(async () => expect(await page.getByRole('button', { name: /token\.issued/ }).count()).toBe(2));
  });
});

describe('admins and keys', () => {
  it('makes an admin with a password that is shown once, changes the role, disables and deletes', async () => {
    const page = await dashboard.enter('/admins?new');
    await page.getByRole('textbox', { name: 'Name' }).fill('grace');
    await page.getByRole('radio', { name: 'Operator' }).check();
    await page.getByRole('button', { name: 'Create admin' }).click();
    await page.getByText('Hand this password over now.').waitFor();
    await page.getByRole('button', { name: 'Done' }).click();

    const act = async (name: string): Promise<void> => {
      await page.getByRole('button', { name: 'Acts on grace' }).click();
      await page.getByRole('menuitem', { name }).click();
    };
    await act('Role and password');
    await page.getByRole('radio', { name: 'Viewer' }).check();
    await page.getByRole('button', { name: 'Save' }).click();
    const row = page.getByRole('row', { name: /grace/ });
    await row.getByText('Viewer').waitFor();
    await act('Disable');
    await page.getByRole('dialog').getByRole('button', { name: 'Disable' }).click();
    await row.getByText('Disabled').waitFor();
    await act('Delete');
    await page.getByRole('textbox', { name: /^Type/ }).fill('grace');
    await page.getByRole('button', { name: 'Delete admin' }).click();
    await eventually(async () => expect(await row.count()).toBe(0));
  });

  it('makes a key that works, and deletes it', async () => {
    const page = await dashboard.enter('/admins?tab=keys&new');
    await page.getByLabel('Label').fill('backup job');
    await page.getByRole('button', { name: 'Create key' }).click();
    await page.getByText('Keep the key now.').waitFor();
    const key = /mka_\w+/.exec(await page.getByRole('dialog').innerText())?.[0] ?? '';
    const asked = await fetch(`${gatehouse.url}/api/v1/admins/me`, { headers: { authorization: `Bearer ${key}` } });
    expect(asked.status).toBe(200);
    await page.getByRole('button', { name: 'I have kept the key' }).click();
    await page.getByRole('button', { name: 'Delete key backup job' }).click();
    await page.getByRole('textbox', { name: /^Type/ }).fill('backup job');
    await page.getByRole('button', { name: 'Delete key', exact: true }).click();
    await eventually(async () => expect(await page.getByText('backup job', { exact: true }).count()).toBe(0));
  });
});

describe('settings', () => {
  it('rotates the signing key, and shows where everything is served', async () => {
    const page = await dashboard.enter('/settings');
    await page.getByText(`${gatehouse.url}/authed/mcp/oauth/token`, { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Rotate' }).click();
    await page.getByRole('button', { name: 'Publish a new key' }).click();
    await page.getByRole('table', { name: 'Signing keys' }).getByText('Upcoming').waitFor();
  });
});

describe('a bad network', () => {
  it('shows skeletons while it is slow, and says so while the server is away, until it is back', async () => {
    const page = await dashboard.enter('/settings');
    await page.route('**/api/v1/credentials?**', async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 1500));
      await route.continue();
    });
    await page.getByRole('link', { name: 'Credentials' }).click();
    await page.getByRole('status', { name: 'Loading' }).waitFor();
    await page.getByRole('link', { name: 'nightly build' }).waitFor();
    await page.unrouteAll({ behavior: 'ignoreErrors' });

    await page.route(/\/(api|health)\//, (route) => route.abort('connectionrefused'));
    await page.getByRole('link', { name: 'Admins and keys' }).click();
    await page.getByText('No connection to the server.').waitFor();
    await page.getByText('No answer from the server.').waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    await page.getByRole('table', { name: 'Admins' }).waitFor();
    await eventually(async () => expect(await page.getByText('No connection to the server.').count()).toBe(0));
  });

  it('says what to do about a server error, and tries again', async () => {
    const page = await dashboard.enter('/settings');
    await page.route('**/api/v1/admins?**', (route) =>
      route.fulfill({
        status: 503,
        contentType: 'application/problem+json',
        body: '{"code":"unavailable","detail":"The database is away."}',
      }),
    );
    await page.getByRole('link', { name: 'Admins and keys' }).click();
    await page.getByText('The database is away.').waitFor();
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('table', { name: 'Admins' }).waitFor();
  });
});
