import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { accessibilityFaults, Dashboard, overflowOf, PHONE, prefer } from '../support/dashboard.js';
import { eventually } from '../support/eventually.js';
import { startTestGatehouse, type TestGatehouse } from '../support/gatehouse.js';
import { isGenuine, startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.js';

let gatehouse: TestGatehouse;
let dashboard: Dashboard;
let receiver: WebhookReceiver;
beforeAll(async () => {
  receiver = await startWebhookReceiver();
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
  await receiver.close();
});

const list = async (): Promise<Record<string, unknown>[]> => (await gatehouse.admin('/webhooks')).json['items'] as never;
const section = (page: Page, label: string) => page.getByRole('region', { name: label, exact: true });

it('makes a webhook, shows its secret once, and tries it', async () => {
  const page = await dashboard.enter('/webhooks');
  await page.getByText('No webhooks').waitFor();
  await page.getByRole('link', { name: 'New webhook' }).click();
  await page.getByLabel('Label').fill('on call');
  await page.getByLabel('URL').fill('https://10.0.0.1/hook');
  await page.getByRole('button', { name: 'Create webhook' }).click();
  await eventually(async () => expect(await page.getByLabel('URL').getAttribute('aria-invalid')).toBe('true'));
  await page.getByLabel('URL').fill(`${receiver.url}/hook`);
  await page.getByRole('radio', { name: 'Only this' }).check();
  await page.getByRole('checkbox', { name: 'A server is down' }).check();
  await page.getByRole('checkbox', { name: 'A secret was leaked' }).check();
  expect(await accessibilityFaults(page)).toEqual([]);
  await page.getByRole('button', { name: 'Create webhook' }).click();
  await page.getByText('Keep the secret now.').waitFor();
  const secret = /whsec_[\w+/=]+/.exec(await page.getByRole('dialog').innerText())?.[0] ?? '';
  expect(await accessibilityFaults(page)).toEqual([]);
  await page.getByRole('button', { name: 'I have kept the secret' }).click();
  expect(await page.content()).not.toContain(secret);
  expect(await list()).toMatchObject([{ label: 'on call', events: ['server.down', 'credential.secret_leaked'], enabled: true }]);

  await page.getByRole('button', { name: 'Send a test to on call' }).click();
  await page.getByText('It took the message.').waitFor();
  expect(isGenuine(receiver.received[0]!, secret)).toBe(true);
  receiver.answers.push(500);
  await page.getByRole('button', { name: 'Send a test to on call' }).click();
  await page.getByText('The receiver answered with status 500.').waitFor();
  await page.getByRole('button', { name: 'Deliveries of on call' }).click();
  const deliveries = page.getByRole('list', { name: 'Deliveries of on call' });
  await deliveries.getByText('Given up').waitFor();
  await deliveries.getByText('Delivered').waitFor();
  await deliveries
    .getByRole('button', { name: /^Message/ })
    .first()
    .click();
  await page.getByRole('region', { name: /^Message/ }).waitFor();
  expect(await accessibilityFaults(page)).toEqual([]);
  await prefer(page, 'dark');
  expect(await accessibilityFaults(page, 'contrast')).toEqual([]);
  await page.setViewportSize(PHONE);
  expect(await overflowOf(page)).toBe(0);
});

it('changes it, shows what somebody else changed meanwhile, and gives it another secret', async () => {
  const page = await dashboard.enter('/webhooks');
  await page.getByRole('button', { name: 'Edit on call' }).click();
  await page.getByLabel('Label').fill('pager');
  const [{ id } = {}] = await list();
  await gatehouse.admin(`/webhooks/${String(id)}`, { method: 'PATCH', body: { label: 'chat', enabled: false } });
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  const conflict = page.getByRole('dialog', { name: 'Somebody else changed this meanwhile' });
  await conflict.getByText('chat').waitFor();
  await conflict.getByRole('button', { name: 'Save this' }).click();
  await section(page, 'pager').getByText('Disabled', { exact: true }).waitFor();
  expect(await list()).toMatchObject([{ label: 'pager', enabled: false }]);

  await page.getByRole('button', { name: 'New secret for pager' }).click();
  await page.getByRole('button', { name: 'Make a new secret' }).click();
  await page.getByText('Keep the secret now.').waitFor();
  await page.getByRole('button', { name: 'I have kept the secret' }).click();
  await section(page, 'pager')
    .getByText(/signed with the old secret too/)
    .waitFor();
});

it('deletes it for whoever types its label, and offers a viewer none of this', async () => {
  await gatehouse.admin('/admins', { body: { username: 'looker', password: 'only for looking at things', role: 'viewer' } });
  const viewer = await dashboard.enter('/webhooks', { user: 'looker', password: 'only for looking at things' });
  await section(viewer, 'pager').waitFor();
  expect(await viewer.getByRole('button', { name: /^(Edit|Delete|Send a test)/ }).count()).toBe(0);

  const page = await dashboard.enter('/webhooks');
  await page.getByRole('button', { name: 'Delete pager' }).click();
  const remove = page.getByRole('button', { name: 'Delete webhook' });
  expect(await remove.isDisabled()).toBe(true);
  await page.getByRole('textbox', { name: /^Type/ }).fill('pager');
  await remove.click();
  await page.getByText('No webhooks').waitFor();
  expect(await list()).toEqual([]);
});
