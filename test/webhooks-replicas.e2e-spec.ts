import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually } from './support/eventually.js';
import { build, type Replicas, startReplicas } from './support/replicas.js';
import { isGenuine, startWebhookReceiver, type WebhookReceiver } from './support/webhook-receiver.js';

const DAY = 86_400_000;
/** Both replicas have looked twice by then. */
const TWO_LOOKS_MS = 12_000;
const LEAKS = 15;

let replicas: Replicas;
let receiver: WebhookReceiver;
beforeAll(async () => {
  build();
  receiver = await startWebhookReceiver();
  replicas = await startReplicas({ EGRESS_ALLOW: '127.0.0.0/8', RATE_LIMIT_LEAK_REPORTS: '1000' });
}, 300_000);
afterAll(async () => {
  await replicas.remove();
  await receiver.close();
});

it('tells of everything once, whichever of two replicas sees it, and both see it', async () => {
  const { first, second } = replicas;
  const away = { slug: 'away', name: 'Away', upstream: { kind: 'http', url: 'http://127.0.0.1:9/mcp' }, scopes: [] };
  expect((await first.admin('/servers', { body: away })).status).toBe(201);
  const ending = await first.createCredential({ expiresAt: new Date(Date.now() + 2 * DAY).toISOString() });
  const made = await first.admin('/webhooks', { body: { label: 'alerts', url: receiver.url } });
  const { id, secret } = made.json as { id: string; secret: string };

  const leaked = await Promise.all(Array.from({ length: LEAKS }, () => first.createCredential()));
  await Promise.all(
    leaked.map(({ clientSecret }, i) =>
      fetch(`${(i % 2 ? first : second).url}/authed/mcp/oauth/leaked`, {
        method: 'POST',
        body: new URLSearchParams({ secret: clientSecret }),
      }),
    ),
  );
  const idsOf = (type: string) =>
    receiver.received.filter(({ message }) => message.type === type).map(({ headers }) => headers['webhook-id']);
  await eventually(() => {
    expect(idsOf('credential.secret_leaked')).toHaveLength(LEAKS);
    expect(idsOf('credential.expiring')).toHaveLength(1);
    expect(idsOf('server.down')).toHaveLength(1);
  }, 60_000);
  await new Promise((resolve) => setTimeout(resolve, TWO_LOOKS_MS));

  const ids = receiver.received.map(({ headers }) => headers['webhook-id']);
  expect(new Set(ids).size).toBe(ids.length);
  expect(idsOf('credential.expiring')).toHaveLength(1);
  expect(idsOf('server.down')).toHaveLength(1);
  const expiring = receiver.received.find(({ message }) => message.type === 'credential.expiring');
  expect(expiring?.message.data).toMatchObject({ credentialId: ending.id, days: 3 });
  expect(receiver.received.every((received) => isGenuine(received, secret))).toBe(true);
  const { items } = (await second.admin(`/webhooks/${id}/deliveries?limit=200`)).json as { items: { status: string; attempts: number }[] };
  expect(items.every(({ status, attempts }) => status === 'delivered' && attempts === 1)).toBe(true);
}, 180_000);
