import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { accessibilityFaults, Dashboard, signIn } from '../support/dashboard.js';
import { freePort } from '../support/free-port.js';
import { PASSWORD, startTestGatehouse, type TestGatehouse } from '../support/gatehouse.js';
import { CLIENT, type IdentityProvider, startIdentityProvider } from '../support/identity-provider.js';

const NEW_PASSWORD = 'a quite different phrase';

describe('the first start', () => {
  let gatehouse: TestGatehouse;
  let dashboard: Dashboard;
  beforeAll(async () => {
    gatehouse = await startTestGatehouse({ env: { ADMIN_PASSWORD: '' } });
    dashboard = await Dashboard.open(gatehouse);
  });
  afterAll(async () => {
    await dashboard.close();
    await gatehouse.remove();
  });

  it('asks for a password that nobody else has seen, says what is wrong with it, and then opens what was asked for', async () => {
    const page = await dashboard.visit('/credentials');
    expect(await accessibilityFaults(page)).toEqual([]);
    await signIn(page, 'admin', gatehouse.firstOwner?.generatedPassword ?? '');
    await page.getByRole('heading', { name: 'Choose your password' }).waitFor();
    const save = page.getByRole('button', { name: 'Save and go on' });

    await page.getByRole('textbox', { name: 'Present password' }).fill('something else');
    await page.getByRole('textbox', { name: 'New password', exact: true }).fill('short');
    await save.click();
    await page.getByText('At least 12 characters; a few words').waitFor();

    await page.getByRole('textbox', { name: 'New password', exact: true }).fill(NEW_PASSWORD);
    await page.getByRole('textbox', { name: 'New password again' }).fill(NEW_PASSWORD);
    await save.click();
    await page.getByText('This is not your present password.').waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);

    await page.getByRole('textbox', { name: 'Present password' }).fill(gatehouse.firstOwner?.generatedPassword ?? '');
    await save.click();
    await page.getByRole('heading', { name: 'Credentials', level: 1 }).waitFor();
    expect(dashboard.takeFaults()).toEqual([]);
  });
});

describe('signing in', () => {
  let gatehouse: TestGatehouse;
  let provider: IdentityProvider;
  let dashboard: Dashboard;
  beforeAll(async () => {
    const port = await freePort();
    provider = await startIdentityProvider({ gatehouseUrl: `http://localhost:${port}` });
    gatehouse = await startTestGatehouse({
      port,
      env: {
        OIDC_ISSUER: provider.issuer,
        OIDC_CLIENT_ID: CLIENT.id,
        OIDC_CLIENT_SECRET: CLIENT.secret,
        OIDC_ROLES: 'platform=operator',
      },
    });
    dashboard = await Dashboard.open(gatehouse);
  });
  afterEach(async () => {
    await dashboard.leave();
    expect(dashboard.takeFaults(provider.issuer)).toEqual([]);
  });
  afterAll(async () => {
    await dashboard.close();
    await gatehouse.remove();
    await provider.close();
  });

  it('says what to do about a wrong password, works with the keyboard only, and signs out', async () => {
    const page = await dashboard.visit('/');
    // What is typed before the form has the focus goes nowhere.
    await page.locator('input:focus').waitFor();
    await page.keyboard.type('admin');
    await page.keyboard.press('Tab');
    await page.keyboard.type('not the password');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('This name and password do not fit.').waitFor();

    await page.getByRole('textbox', { name: 'Password' }).focus();
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();

    await page.getByRole('button', { name: /^admin owner/ }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  });

  it('leads through the identity provider and back to where it began, and says why when it fails', async () => {
    provider.present = { sub: 'u-1', preferred_username: 'grace', groups: ['platform'] };
    const page = await dashboard.visit('/audit?kind=admin.*');
    await page.getByRole('link', { name: 'Single sign-on' }).click();
    await page.getByRole('heading', { name: 'Audit', level: 1 }).waitFor();
    expect(new URL(page.url()).search).toBe('?kind=admin.*');
    await page.getByRole('button', { name: /^grace operator/ }).waitFor();

    provider.present = { sub: 'u-2', preferred_username: 'nobody', groups: [] };
    const other = await dashboard.visit('/');
    await other.getByRole('link', { name: 'Single sign-on' }).click();
    await other.getByText('You have no role here.').waitFor();
    // A failed attempt must not lead back to the failure.
    await signIn(other, 'admin', PASSWORD);
    await other.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
  });

  it('ends in every browser at once, and comes back to the same page after the next sign-in', async () => {
    const here = await dashboard.enter('/settings', { isElsewhere: true });
    const there = await dashboard.enter('/credentials', { isElsewhere: true });
    await here.getByRole('button', { name: 'Sign out everywhere' }).click();
    await here.getByRole('dialog').getByRole('button', { name: 'Sign out everywhere' }).click();
    await here.getByRole('heading', { name: 'Sign in' }).waitFor();
    // Not by a link: this page may have heard of it already, and shows the sign-in then.
    await there.goto(dashboard.url('/audit'));
    await there.getByRole('heading', { name: 'Sign in' }).waitFor();
    await signIn(there, 'admin', PASSWORD);
    await there.getByRole('heading', { name: 'Audit', level: 1 }).waitFor();
  });

  it('slows guesses down, and says how long', async () => {
    await gatehouse.admin('/admins', { body: { username: 'guessed', password: PASSWORD, role: 'viewer' } });
    const page = await dashboard.visit('/');
    for (let i = 0; i < 11; i++) {
      const answered = page.waitForResponse(
        (response) => response.url().endsWith('/api/v1/session') && response.request().method() === 'POST',
      );
      await signIn(page, 'guessed', `guess number ${i}`);
      await answered;
    }
    await page.getByText(/Wait \d+ s, then try again/).waitFor();
  });

  it('offers a viewer nothing that would be refused', async () => {
    await gatehouse.admin('/admins', { body: { username: 'vera', password: PASSWORD, role: 'viewer' } });
    await gatehouse.createCredential({ label: 'seen only' });
    const page = await dashboard.enter('/credentials?new', { user: 'vera' });
    await page.getByRole('link', { name: 'seen only' }).click();
    await page.getByRole('heading', { name: 'seen only' }).waitFor();
    for (const name of ['Edit', 'New credential']) expect(await page.getByRole('link', { name }).count()).toBe(0);
    for (const name of ['Rotate', 'More acts']) expect(await page.getByRole('button', { name }).count()).toBe(0);
  });
});
