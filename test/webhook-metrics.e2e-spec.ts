import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { MAX_ATTEMPTS } from '../src/webhooks/retry.js';
import { WebhookDeliverer } from '../src/webhooks/webhook-deliverer.service.js';
import { ask, startTestGatehouse, type TestGatehouse } from './support/gatehouse.js';
import { postForm } from './support/oauth.js';
import { startWebhookReceiver, type WebhookReceiver } from './support/webhook-receiver.js';

const METRICS_TOKEN = 'metrics-canary-0123456789abcdef0123456789';
const MINUTE = 60_000;
const DAY = 86_400_000;

let gatehouse: TestGatehouse;
let receiver: WebhookReceiver;
let shift = 0;
beforeAll(async () => {
  receiver = await startWebhookReceiver();
  gatehouse = await startTestGatehouse({ env: { METRICS_TOKEN }, clock: () => Date.now() + shift });
  // From here on it sends when the test says so.
  await deliverer().onModuleDestroy();
});
afterAll(async () => {
  await gatehouse.remove();
  await receiver.close();
});

const deliverer = (): WebhookDeliverer => gatehouse.app.get(WebhookDeliverer, { strict: false });

/** Lets time pass, and sends what has become due. */
async function pass(ms: number): Promise<void> {
  shift += ms;
  await deliverer().round();
}

async function figures(): Promise<Record<string, number>> {
  const { text } = await ask(`${gatehouse.url}/metrics`, { headers: { authorization: `Bearer ${METRICS_TOKEN}` } });
  const found = text.matchAll(/^gatehouse_webhook_(?:attempts_total\{outcome="(\w+)"\}|messages_(waiting)) (\d+)$/gm);
  return Object.fromEntries([...found].map(([, outcome, waiting, value]) => [String(outcome ?? waiting), Number(value)] as const));
}

async function leakASecret(): Promise<void> {
  const { clientSecret } = await gatehouse.createCredential();
  expect((await postForm(gatehouse, 'leaked', { client: null, form: { secret: clientSecret }, headers: {} })).status).toBeLessThan(300);
}

it('metrics tell what became of messages to webhooks and how many wait, from the first one on, and count no tests', async () => {
  const none = { delivered: 0, retried: 0, given_up: 0, waiting: 0 };
  expect(await figures()).toEqual(none);
  const made = await gatehouse.admin('/webhooks', { body: { label: 'alerts', url: receiver.url, events: ['credential.secret_leaked'] } });
  receiver.answers.push(500);
  expect((await gatehouse.admin(`/webhooks/${String(made.json['id'])}/test`, { method: 'POST' })).json['status']).toBe('failed');
  expect(await figures()).toEqual(none);

  await leakASecret();
  receiver.answers.push(503, 503);
  await pass(MINUTE);
  expect(await figures()).toEqual({ ...none, retried: 1, waiting: 1 });
  await pass(MINUTE);
  expect(await figures()).toEqual({ ...none, retried: 2, waiting: 1 });
  await pass(MINUTE);
  expect(await figures()).toEqual({ ...none, retried: 2, delivered: 1 });

  await leakASecret();
  receiver.answers.push(...Array.from({ length: MAX_ATTEMPTS }, () => 500));
  for (let i = 0; i <= MAX_ATTEMPTS; i++) await pass(DAY);
  expect(await figures()).toEqual({ delivered: 1, retried: 2 + MAX_ATTEMPTS - 1, given_up: 1, waiting: 0 });
});
