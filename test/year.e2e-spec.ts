import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { randomUUID } from 'node:crypto';
import { ENTITIES } from '../src/entities.js';
import { UnitOfWork } from '../src/database/unit-of-work.service.js';
import { Election } from '../src/database/election.service.js';
import { Housekeeping } from '../src/housekeeping/housekeeping.service.js';
import { ChainMarks } from '../src/audit/chain-marks.js';
import { MARKS_PURPOSE } from '../src/audit/audit-chain.service.js';
import { TrailVerifier } from '../src/audit/verify-trail.js';
import { Digester } from '../src/database/digester.js';
import { ask, PASSWORD, startTestGatehouse, type TestGatehouse } from './support/gatehouse.js';
import { CLIENT_ASSERTION_TYPE, clientClaims, jwksOf, signAssertion, testKey } from './support/keys.js';
import { postForm } from './support/oauth.js';

const DAY_MS = 86_400_000;
const DAYS = 365;
/** Days from one that is lived through to the next. */
const STEP_DAYS = 5;
/** A process that stops and starts every fifteen days. */
const RESTART_DAYS = 15;
const RETENTION_DAYS = 30;

/** The most rows that each table may have, at any time of the year; a day's acts are below. */
const BOUNDS: Readonly<Record<string, number>> = {
  Admin: 1,
  AdminKey: 0,
  AdminSession: 10,
  AuditBatch: 12 * (RETENTION_DAYS + 2),
  AuditEvent: 30 * (RETENTION_DAYS + 2),
  ChainRow: RETENTION_DAYS / RESTART_DAYS + 4,
  Change: 80,
  ClientSecret: 8,
  Credential: 3,
  DocsFeedback: 0,
  DocsWebhook: 0,
  IdempotencyKey: 4,
  InstallationValue: 4,
  Lease: 1,
  RefreshToken: 32,
  RevokedToken: 4,
  Server: 1,
  SigningKey: 4,
  TaskOwner: 0,
  UnchainedEvent: 30,
  UsageHour: 40 * (RETENTION_DAYS + 2),
  UsedAssertion: 4,
  Webhook: 1,
  WebhookMessage: 30 / STEP_DAYS + 3,
  WebhookNotice: 2,
};

const key = testKey();
let offset = 0;
const clock = (): number => Date.now() + offset;
let gatehouse: TestGatehouse;

const start = (on?: TestGatehouse): Promise<TestGatehouse> =>
  startTestGatehouse({
    clock,
    ...(on ? { on } : {}),
    env: {
      AUDIT_RETENTION_DAYS: String(RETENTION_DAYS),
      USAGE_RETENTION_DAYS: String(RETENTION_DAYS),
      REFRESH_TOKENS: 'on',
      RATE_LIMITS: 'off',
      EGRESS_ALLOW: '127.0.0.0/8',
    },
  });

beforeAll(async () => {
  gatehouse = await start();
});
afterAll(() => gatehouse.remove());

/** What goes on in a day: tokens by secret and by key, a refresh, a revocation, a rotation, a sign-in, a message, a credential that comes and goes. */
async function liveADay(
  client: { id: string; clientId: string; clientSecret: string },
  signer: { clientId: string },
  webhook: string,
): Promise<string> {
  const { json } = await gatehouse.token(client);
  const now = Math.floor(clock() / 1000);
  const claims = clientClaims(signer.clientId, `${gatehouse.url}/authed/mcp`, { iat: now, exp: now + 300 });
  const form = { grant_type: 'client_credentials', client_assertion_type: CLIENT_ASSERTION_TYPE };
  const signed = await postForm(gatehouse, 'token', { client: null, form: { ...form, client_assertion: signAssertion(key, claims) } });
  expect([json['token_type'], signed.status]).toEqual(['Bearer', 200]);
  await postForm(gatehouse, 'revoke', { client, form: { token: json['access_token'] as string } });
  const headers = { 'idempotency-key': randomUUID() };
  const made = await gatehouse.admin('/credentials', { body: { label: 'for a day' }, headers });
  await gatehouse.admin(`/credentials/${String(made.json['id'])}`, { method: 'DELETE' });
  await ask(`${gatehouse.url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'gatehouse-csrf': '1' },
    body: JSON.stringify({ username: 'admin', password: PASSWORD }),
  });
  expect((await gatehouse.admin(`/webhooks/${webhook}/test`, { method: 'POST' })).status).toBe(200);
  const rotated = await gatehouse.admin(`/credentials/${client.id}/rotate`, { body: { overlapSeconds: 3600 } });
  expect(rotated.status).toBeLessThan(300);
  return rotated.json['clientSecret'] as string;
}

async function countRows(): Promise<Record<string, number>> {
  const dataSource = gatehouse.app.get(DataSource);
  const counts = ENTITIES.map(async (entity) => [entity.name, await dataSource.getRepository<object>(entity).count()] as const);
  return Object.fromEntries(await Promise.all(counts));
}

it('every table stays bounded over a year of use, and the audit trail whole', async () => {
  expect(Object.keys(BOUNDS).sort()).toEqual(ENTITIES.map(({ name }) => name).sort());
  let client = await gatehouse.createCredential();
  const signer = await gatehouse.createCredential({ authMethod: 'private_key_jwt', jwks: jwksOf(key) });
  const webhook = await gatehouse.admin('/webhooks', { body: { label: 'told', url: 'http://127.0.0.1:9/' } });
  const most: Record<string, number> = {};
  for (let day = 0; day <= DAYS; day += STEP_DAYS) {
    client = { ...client, clientSecret: await liveADay(client, signer, String(webhook.json['id'])) };
    await gatehouse.flush();
    offset += STEP_DAYS * DAY_MS;
    if (day % RESTART_DAYS === 0) {
      await gatehouse.close();
      gatehouse = await start(gatehouse);
    }
    expect(await gatehouse.app.get(Housekeeping, { strict: false }).round()).toBe(true);
    for (const [name, count] of Object.entries(await countRows())) most[name] = Math.max(most[name] ?? 0, count);
  }
  const over = Object.entries(most).filter(([name, count]) => count > (BOUNDS[name] ?? 0));
  expect({ over, most }).toEqual({ over: [], most });
  const marks = new ChainMarks(gatehouse.app.get(Digester).deriveKey(MARKS_PURPOSE));
  const { findings, events } = await gatehouse.app.get(DataSource).transaction((manager) => new TrailVerifier(manager, marks).verify());
  expect(findings).toEqual([]);
  expect(events).toBeGreaterThan(RETENTION_DAYS);
}, 1_200_000); // On a server a commit waits for the disk, and the year has some thousand of them.

it('another replica does not do the chores while the lease of the first runs', async () => {
  const housekeeping = gatehouse.app.get(Housekeeping, { strict: false });
  await housekeeping.onApplicationShutdown();
  expect(await housekeeping.round()).toBe(true);
  const stranger = new Election(gatehouse.app.get(UnitOfWork), clock);
  expect(await stranger.take('housekeeping', 1000)).toBe(false);
  offset += 3_600_000;
  expect(await stranger.take('housekeeping', 60_000)).toBe(true);
  expect(await housekeeping.round()).toBe(false);
});
