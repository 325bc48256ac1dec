import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { UsageHour } from '../src/usage/usage-hour.entity.js';
import { WebhookDeliverer } from '../src/webhooks/webhook-deliverer.service.js';
import { WebhookFindings } from '../src/webhooks/webhook-findings.service.js';
import { Webhook } from '../src/webhooks/webhook.entity.js';
import { WebhookMessage, WebhookNotice } from '../src/webhooks/webhook-message.entity.js';
import { WebhookRetention } from '../src/webhooks/webhook-retention.service.js';
import { WebhookWatcher } from '../src/webhooks/webhook-watcher.service.js';
import { eventually } from './support/eventually.js';
import { type Answer, type NewCredential, startTestGatehouse, type TestGatehouse } from './support/gatehouse.js';
import { postForm } from './support/oauth.js';
import { isGenuine, startWebhookReceiver, type WebhookReceiver } from './support/webhook-receiver.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

let gatehouse: TestGatehouse;
let receiver: WebhookReceiver;
let shift = 0;
const now = (): number => Date.now() + shift;
beforeAll(async () => {
  gatehouse = await startTestGatehouse({ clock: now });
});
beforeEach(async () => {
  receiver = await startWebhookReceiver();
});
afterEach(async () => {
  for (const { id } of (await gatehouse.admin('/webhooks')).json['items'] as { id: string }[])
    await gatehouse.admin(`/webhooks/${id}`, { method: 'DELETE' });
  await receiver.close();
});
afterAll(() => gatehouse.remove());

const get = <T>(service: new (...args: never[]) => T): T => gatehouse.app.get<T>(service, { strict: false });
const table = (entity: typeof Webhook | typeof WebhookMessage | typeof WebhookNotice | typeof UsageHour) =>
  gatehouse.app.get(DataSource).getRepository<object>(entity);
/** Lets time pass, and sends what has become due. */
async function pass(ms: number): Promise<void> {
  shift += ms;
  await get(WebhookDeliverer).round();
}

interface Made {
  readonly id: string;
  readonly secret: string;
}
async function create(more: object = {}): Promise<Made> {
  const { status, json } = await gatehouse.admin('/webhooks', { body: { label: 'alerts', url: `${receiver.url}/hook`, ...more } });
  expect([status, json['errors']]).toEqual([201, undefined]);
  return json as unknown as Made;
}
const deliveriesOf = async ({ id }: Made, query = ''): Promise<Record<string, unknown>[]> =>
  (await gatehouse.admin(`/webhooks/${id}/deliveries${query}`)).json['items'] as never;
const eventsOf = async (kind: string): Promise<{ actor: string; detail: Record<string, unknown> }[]> =>
  (await gatehouse.admin(`/events?kind=${kind}`)).json['items'] as never;
const leak = ({ clientSecret }: NewCredential): Promise<Answer> =>
  postForm(gatehouse, 'leaked', { client: null, form: { secret: clientSecret }, headers: {} });
const told = (type: string) => receiver.received.filter(({ message }) => message.type === type);

describe('webhooks', () => {
  it('are told of a leaked secret, signed', async () => {
    const webhook = await create();
    const credential = await gatehouse.createCredential({ label: 'leaky' });
    await leak(credential);
    await eventually(() => expect(told('credential.secret_leaked')).toHaveLength(1));
    const [received] = told('credential.secret_leaked');
    expect(isGenuine(received!, webhook.secret, now())).toBe(true);
    expect(isGenuine(received!, `whsec_${Buffer.alloc(32).toString('base64')}`, now())).toBe(false);
    expect(isGenuine({ ...received!, body: received!.body.replace('leaky', 'other') }, webhook.secret, now())).toBe(false);
    expect(received!.headers['content-type']).toBe('application/json');
    expect(received!.message).toEqual({
      type: 'credential.secret_leaked',
      timestamp: expect.any(String),
      data: expect.objectContaining({
        credentialId: credential.id,
        clientId: credential.clientId,
        label: 'leaky',
        hint: credential.clientSecret.slice(-4),
      }),
    });
    expect(received!.body).not.toContain(credential.clientSecret);
    await eventually(async () =>
      expect(await deliveriesOf(webhook)).toMatchObject([
        { id: received!.headers['webhook-id'], status: 'delivered', attempts: 1, responseStatus: 204, error: null, nextAttemptAt: null },
      ]),
    );
  });

  it('are told again after a fault, as the same message, with growing pauses, and not for ever', async () => {
    const webhook = await create();
    receiver.answers.push(500, 503);
    await leak(await gatehouse.createCredential());
    await eventually(async () =>
      expect(await deliveriesOf(webhook)).toMatchObject([{ status: 'pending', attempts: 1, responseStatus: 500 }]),
    );
    await pass(4000);
    expect(receiver.received).toHaveLength(1);
    await pass(3000);
    expect(await deliveriesOf(webhook)).toMatchObject([
      { status: 'pending', attempts: 2, error: 'The receiver answered with status 503.' },
    ]);
    await pass(MINUTE);
    expect(await deliveriesOf(webhook)).toMatchObject([{ status: 'delivered', attempts: 3 }]);
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(1);
    expect(receiver.received.every((received, i) => i === 0 || isGenuine(received, webhook.secret, now()))).toBe(true);

    receiver.answers.push(...Array.from({ length: 20 }, () => 500));
    await leak(await gatehouse.createCredential());
    await eventually(() => expect(receiver.received).toHaveLength(4));
    for (let i = 0; i < 12; i++) await pass(15 * HOUR);
    expect((await deliveriesOf(webhook))[0]).toMatchObject({ status: 'failed', attempts: 8 });
    expect(receiver.received).toHaveLength(11);
    await pass(30 * DAY);
    expect(receiver.received).toHaveLength(11);
  });

  it('follow no redirect, and take 410 for a last word', async () => {
    const elsewhere = await startWebhookReceiver();
    const webhook = await create();
    receiver.answers.push(`${elsewhere.url}/hook`);
    expect((await gatehouse.admin(`/webhooks/${webhook.id}/test`, { method: 'POST' })).json).toMatchObject({
      type: 'webhook.test',
      status: 'failed',
      error: expect.stringContaining('redirect'),
    });
    expect(elsewhere.received).toEqual([]);
    receiver.answers.push(410);
    await leak(await gatehouse.createCredential());
    await eventually(async () =>
      expect((await deliveriesOf(webhook))[0]).toMatchObject({ status: 'failed', attempts: 1, responseStatus: 410 }),
    );
    await elsewhere.close();
  });

  it('are silent while they are disabled, and are not told afterwards what they missed', async () => {
    const webhook = await create();
    receiver.answers.push(500);
    await leak(await gatehouse.createCredential());
    await eventually(async () => expect(await deliveriesOf(webhook)).toMatchObject([{ status: 'pending', attempts: 1 }]));
    const path = `/webhooks/${webhook.id}`;
    expect((await gatehouse.admin(path, { method: 'PATCH', body: { enabled: false } })).json).toMatchObject({ enabled: false });
    await leak(await gatehouse.createCredential());
    await pass(DAY);
    expect(await deliveriesOf(webhook)).toMatchObject([{ status: 'dropped' }]);
    await gatehouse.admin(path, { method: 'PATCH', body: { enabled: true } });
    await pass(DAY);
    expect(receiver.received).toHaveLength(1);
  });

  it('are told of what they want only', async () => {
    await create({ events: ['server.down'] });
    await leak(await gatehouse.createCredential());
    await pass(MINUTE);
    expect(receiver.received).toEqual([]);
  });

  it('are tried at once, also while they are disabled', async () => {
    const webhook = await create({ enabled: false });
    const { json } = await gatehouse.admin(`/webhooks/${webhook.id}/test`, { method: 'POST' });
    expect(json).toMatchObject({ type: 'webhook.test', status: 'delivered', responseStatus: 204 });
    expect(isGenuine(receiver.received[0]!, webhook.secret, now())).toBe(true);
    receiver.answers.push(500);
    expect((await gatehouse.admin(`/webhooks/${webhook.id}/test`, { method: 'POST' })).json).toMatchObject({
      status: 'failed',
      attempts: 1,
    });
  });

  it('sign with both secrets after a rotation, until the old one ends', async () => {
    const webhook = await create();
    const rotated = await gatehouse.admin(`/webhooks/${webhook.id}/rotate`, { body: { overlapSeconds: 3600 } });
    const { secret } = rotated.json as { secret: string };
    expect(rotated.json['previousSecretEndsAt']).toEqual(expect.any(String));
    await gatehouse.admin(`/webhooks/${webhook.id}/test`, { method: 'POST' });
    expect([webhook.secret, secret].map((one) => isGenuine(receiver.received[0]!, one, now()))).toEqual([true, true]);
    shift += HOUR + 1000;
    await gatehouse.admin(`/webhooks/${webhook.id}/test`, { method: 'POST' });
    expect([webhook.secret, secret].map((one) => isGenuine(receiver.received[1]!, one, now()))).toEqual([false, true]);
    expect((await gatehouse.admin(`/webhooks/${webhook.id}`)).json['previousSecretEndsAt']).toBeNull();
  });
});

describe('what webhooks are told of', () => {
  const tell = async (): Promise<void> => get(WebhookFindings).tell((await table(Webhook).find()) as Webhook[]);
  const daysTold = (id: string): unknown[] =>
    told('credential.expiring')
      .filter(({ message }) => message.data['credentialId'] === id)
      .map(({ message }) => message.data['days']);

  it('is a credential that ends in 14, 3 and 1 days, each once, and again when it is given another end', async () => {
    await create();
    const { id } = await gatehouse.createCredential({ expiresAt: new Date(now() + 20 * DAY).toISOString() });
    const late = await gatehouse.createCredential({ expiresAt: new Date(now() + 22 * HOUR).toISOString() });
    for (const days of [0, 5.5, 2, 4, 6, 1.2, 0.5]) {
      shift += days * DAY;
      await tell();
      await tell();
      await get(WebhookDeliverer).round();
    }
    await eventually(() => expect(daysTold(id)).toEqual([14, 3, 1]));
    // What ends tomorrow is not told of three times.
    expect(daysTold(late.id)).toEqual([1]);
    await gatehouse.admin(`/credentials/${id}`, { method: 'PATCH', body: { expiresAt: new Date(now() + 2 * DAY).toISOString() } });
    await tell();
    await get(WebhookDeliverer).round();
    await eventually(() => expect(daysTold(id)).toEqual([14, 3, 1, 3]));
    await gatehouse.admin(`/credentials/${id}/disable`, { method: 'POST' });
    shift += 1.5 * DAY;
    await tell();
    expect(daysTold(id)).toEqual([14, 3, 1, 3]);
  });

  it('is a server that is down, and its breaker that opens, once an outage', async () => {
    await create();
    const body = { slug: 'away', name: 'Away', upstream: { kind: 'http', url: 'http://127.0.0.1:9/mcp' }, scopes: [] };
    expect((await gatehouse.admin('/servers', { body })).status).toBe(201);
    await eventually(async () => {
      await gatehouse.admin('/servers/away/test', { method: 'POST', body: {} });
      const { json } = await gatehouse.admin('/servers/away');
      expect(json['health']).toMatchObject({ status: 'down' });
    });
    await get(WebhookWatcher).look();
    await get(WebhookWatcher).look();
    await eventually(() => expect(told('server.down')).toHaveLength(1));
    expect(told('server.down')[0]!.message.data).toMatchObject({
      server: 'away',
      name: 'Away',
      since: expect.any(String),
      lastError: expect.any(String),
      dashboard: `${gatehouse.url}/dashboard/servers/away`,
    });
    const call = { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} };
    const credential = await gatehouse.createCredential({ servers: ['away'], observe: true });
    const token = (await gatehouse.token(credential, { resource: `${gatehouse.url}/authed/mcp/away` })).json['access_token'] as string;
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
    for (let i = 0; i < 6; i++) await fetch(`${gatehouse.url}/authed/mcp/away`, { method: 'POST', headers, body: JSON.stringify(call) });
    await eventually(async () => {
      await get(WebhookWatcher).look();
      expect(told('server.breaker_open')).toHaveLength(1);
    }, 20_000);
    expect(told('server.down')).toHaveLength(1);
    await gatehouse.admin('/servers/away?detach=true', { method: 'DELETE' });
  });

  it('is refusals out of the ordinary, by credential', async () => {
    await create();
    const [busy, usual] = [await gatehouse.createCredential({ label: 'tries doors' }), await gatehouse.createCredential()];
    const hour = now() - (now() % HOUR);
    const row = { kind: 'call', server: 'docs', tool: '', outcome: 'hidden' };
    await table(UsageHour).insert([
      { ...row, credentialId: busy.id, hour, count: 40 },
      { ...row, credentialId: busy.id, hour: hour - HOUR, count: 168 },
      { ...row, credentialId: usual.id, hour, count: 40 },
      ...Array.from({ length: 167 }, (_, i) => ({ ...row, credentialId: usual.id, hour: hour - (i + 1) * HOUR, count: 30 })),
    ]);
    await tell();
    await tell();
    await get(WebhookDeliverer).round();
    await eventually(() => expect(told('refusals.unusual')).toHaveLength(1));
    expect(told('refusals.unusual')[0]!.message.data).toMatchObject({
      credentialId: busy.id,
      label: 'tries doors',
      refused: 40,
      usualAnHour: 1,
    });
  });
});

describe('the admin API of webhooks', () => {
  it('shows the secret once, keeps it sealed, and records every act', async () => {
    const webhook = await create({ events: ['server.down'] });
    expect(webhook.secret).toMatch(/^whsec_[\w+/]{43}=$/);
    const path = `/webhooks/${webhook.id}`;
    expect((await gatehouse.admin(path)).text).not.toContain('whsec_');
    expect((await gatehouse.admin('/webhooks')).text).not.toContain('whsec_');
    const rows = JSON.stringify(await table(Webhook).find());
    expect(rows).not.toContain(webhook.secret.slice(6));
    expect((await gatehouse.admin(path, { method: 'PATCH', body: { label: 'on call', events: null } })).json).toMatchObject({
      label: 'on call',
      events: null,
    });
    await gatehouse.admin(`${path}/rotate`, { body: {} });
    await gatehouse.admin(`${path}/test`, { method: 'POST' });
    expect((await gatehouse.admin(path, { method: 'DELETE' })).status).toBe(204);
    expect((await gatehouse.admin(path)).status).toBe(404);
    for (const kind of ['created', 'changed', 'rotated', 'tested', 'deleted']) {
      const events = await eventsOf(`webhook.${kind}`);
      expect(events[0]).toMatchObject({ actor: 'admin', detail: { id: webhook.id, origin: receiver.url } });
      expect(JSON.stringify(events)).not.toMatch(/whsec_|\/hook/);
    }
    expect(await table(WebhookMessage).countBy({ webhookId: webhook.id })).toBe(0);
  });

  it('gives the same answer to the same Idempotency-Key', async () => {
    const init = { body: { label: 'once', url: receiver.url }, headers: { 'idempotency-key': 'webhook-1' } };
    const [one, two] = [await gatehouse.admin('/webhooks', init), await gatehouse.admin('/webhooks', init)];
    expect(two.json).toEqual(one.json);
    expect((await gatehouse.admin('/webhooks')).json['items']).toHaveLength(1);
  });

  it('changes no version but the one that was read', async () => {
    const { id } = await create();
    const path = `/webhooks/${id}`;
    const etag = (await gatehouse.admin(path)).headers.get('etag') ?? '';
    const headers = { 'if-match': etag };
    expect((await gatehouse.admin(path, { method: 'PATCH', body: { label: 'a' }, headers })).status).toBe(200);
    expect((await gatehouse.admin(path, { method: 'PATCH', body: { label: 'b' }, headers })).json['code']).toBe('precondition_failed');
    expect((await gatehouse.admin(path, { method: 'DELETE', headers })).status).toBe(412);
  });

  it.each([
    ['a private address that EGRESS_ALLOW does not name', { url: 'https://10.1.2.3/hook' }, 'url'],
    ['plain http to a public address', { url: 'http://8.8.8.8/hook' }, 'url'],
    ['user and password in the URL', { url: 'https://user:secret@example.com/' }, 'url'],
    ['an event that there is not', { events: ['server.up'] }, 'events'],
    ['no events at all', { events: [] }, 'events'],
    ['no label', { label: ' ' }, 'label'],
  ])('refuses %s', async (_what, more, field) => {
    const { status, json } = await gatehouse.admin('/webhooks', { body: { label: 'x', url: receiver.url, ...more } });
    expect([status, (json['errors'] as { field: string }[])[0]?.field]).toEqual([400, field]);
  });

  it('has room for twenty', async () => {
    for (let i = 0; i < 20; i++) await create();
    const { status, json } = await gatehouse.admin('/webhooks', { body: { label: 'one more', url: receiver.url } });
    expect([status, json['code']]).toEqual([409, 'conflict']);
  });

  it('lets a viewer look, and change nothing', async () => {
    const { id } = await create();
    await gatehouse.admin('/admins', { body: { username: 'looker', password: 'only for looking at things', role: 'viewer' } });
    const viewer = { user: 'looker', password: 'only for looking at things' };
    expect((await gatehouse.admin(`/webhooks/${id}/deliveries`, viewer)).status).toBe(200);
    for (const path of ['', `/${id}/test`, `/${id}/rotate`])
      expect(
        (await gatehouse.admin(`/webhooks${path}`, { ...viewer, method: 'POST', body: { label: 'x', url: receiver.url } })).status,
      ).toBe(403);
    await gatehouse.admin('/admins/looker', { method: 'DELETE' });
  });
});

describe('deliveries', () => {
  it('are kept for 30 days and up to a thousand of each webhook, and notices until they end', async () => {
    const webhook = await create();
    const row = { webhookId: webhook.id, type: 'server.down', body: '{}', attempts: 1, nextAttemptAt: now(), status: 'delivered' };
    const rows = Array.from({ length: 1005 }, (_, i) => ({
      ...row,
      id: `01M${String(i).padStart(23, '0')}`,
      createdAt: now() - (i < 3 ? 31 : 1) * DAY,
    }));
    for (let i = 0; i < rows.length; i += 100) await table(WebhookMessage).insert(rows.slice(i, i + 100));
    await table(WebhookMessage).insert({ ...row, id: '01M9', status: 'pending', createdAt: now() - 31 * DAY, nextAttemptAt: now() + DAY });
    await table(WebhookNotice).insert([
      { webhookId: webhook.id, cause: 'ended', until: now() - 1 },
      { webhookId: webhook.id, cause: 'goes on', until: now() + DAY },
    ]);
    await get(WebhookRetention).removeOld();
    expect(await table(WebhookMessage).countBy({ webhookId: webhook.id, status: 'delivered' })).toBe(1000);
    expect(await table(WebhookMessage).existsBy({ id: rows[4]!.id })).toBe(false);
    expect(await table(WebhookMessage).existsBy({ id: '01M9' })).toBe(true);
    expect(await table(WebhookNotice).findBy({ webhookId: webhook.id })).toMatchObject([{ cause: 'goes on' }]);
  });

  it('are read in pages and by status', async () => {
    const webhook = await create();
    receiver.answers.push(204, 500);
    for (let i = 0; i < 3; i++) await gatehouse.admin(`/webhooks/${webhook.id}/test`, { method: 'POST' });
    expect(await deliveriesOf(webhook, '?status=failed')).toHaveLength(1);
    const page = await gatehouse.admin(`/webhooks/${webhook.id}/deliveries?limit=2`);
    expect(page.json['items']).toHaveLength(2);
    expect(await deliveriesOf(webhook, `?limit=2&cursor=${String(page.json['nextCursor'])}`)).toHaveLength(1);
  });
});

describe('a webhook to a private address', () => {
  it('is not sent, whatever was allowed when it was made, and is not tried again', async () => {
    const webhook = await create();
    await table(Webhook).update({ id: webhook.id }, { url: receiver.url.replace('127.0.0.1', '[::ffff:10.0.0.1]') });
    await leak(await gatehouse.createCredential());
    await eventually(async () =>
      expect(await deliveriesOf(webhook)).toMatchObject([
        { status: 'failed', attempts: 1, error: expect.stringMatching(/public|EGRESS_ALLOW/) },
      ]),
    );
    expect(receiver.received).toEqual([]);
  });

  it('is refused at once where EGRESS_ALLOW names no network, which is how a public installation comes', async () => {
    const own = await startTestGatehouse({ env: { EGRESS_ALLOW: '192.0.2.0/24' } });
    try {
      const { status, json } = await own.admin('/webhooks', { body: { label: 'x', url: receiver.url } });
      expect([status, (json['errors'] as { field: string }[])[0]?.field]).toEqual([400, 'url']);
    } finally {
      await own.remove();
    }
  });
});
