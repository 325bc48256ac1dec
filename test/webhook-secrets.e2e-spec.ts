import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { DataSource } from 'typeorm';
import { Webhook } from '../src/webhooks/webhook.entity.js';
import { cli } from './support/cli.js';
import { eventually } from './support/eventually.js';
import { startTestGatehouse, type TestGatehouse } from './support/gatehouse.js';
import { postForm } from './support/oauth.js';
import { build } from './support/replicas.js';
import { isGenuine, type Received, startWebhookReceiver, type WebhookReceiver } from './support/webhook-receiver.js';

const ON_SERVER = Boolean(process.env['TEST_DATABASE_URL']);
// Only files are backed up by the command; a server is dumped by its own.
const onSqlite = ON_SERVER ? it.skip : it;

jest.setTimeout(120_000); // Every command is a process of its own.

let gatehouse: TestGatehouse;
let receiver: WebhookReceiver;
let dir: string;
let cleanUp: (() => Promise<void>)[] = [];
beforeAll(build, 400_000);
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'gatehouse-webhook-secrets-'));
  receiver = await startWebhookReceiver();
  gatehouse = await startTestGatehouse();
  cleanUp = [gatehouse.remove];
});
afterEach(async () => {
  for (const remove of cleanUp.reverse()) await remove();
  await receiver.close();
  rmSync(dir, { recursive: true, force: true });
});

/** Starts it again on what is there, as after a stop. */
async function startAgain(env: Record<string, string> = {}): Promise<void> {
  gatehouse = await startTestGatehouse({ on: { dir: gatehouse.dir, env: { ...gatehouse.env, ...env } } });
  cleanUp.push(gatehouse.close);
}

async function run(...args: string[]): Promise<void> {
  expect(await cli(args, gatehouse.env)).toMatchObject({ code: 0, stderr: '' });
}

interface Secrets {
  readonly id: string;
  readonly current: string;
  readonly previous: string;
}

/** A webhook whose former secret is still good, so that both are sealed. */
async function makeWebhook(): Promise<Secrets> {
  const { json } = await gatehouse.admin('/webhooks', { body: { label: 'alerts', url: receiver.url } });
  const id = String(json['id']);
  const rotated = await gatehouse.admin(`/webhooks/${id}/rotate`, { body: { overlapSeconds: 3600 } });
  return { id, current: String(rotated.json['secret']), previous: String(json['secret']) };
}

/** Lets a message go out by itself, as leaks do. */
async function nextMessage(): Promise<Received> {
  const before = receiver.received.length;
  const { clientSecret } = await gatehouse.createCredential();
  await postForm(gatehouse, 'leaked', { client: null, form: { secret: clientSecret }, headers: {} });
  await eventually(() => expect(receiver.received).toHaveLength(before + 1));
  return receiver.received[before]!;
}

const sealed = async ({ id }: Secrets): Promise<(string | null)[]> => {
  const { secret, previousSecret } = await gatehouse.app.get(DataSource).getRepository(Webhook).findOneByOrFail({ id });
  return [secret, previousSecret];
};

/** Signed by both of these, and by no other. */
function expectSignedBy(received: Received, { current, previous }: Secrets): void {
  expect(String(received.headers['webhook-signature']).split(' ')).toHaveLength(2);
  expect([isGenuine(received, current), isGenuine(received, previous)]).toEqual([true, true]);
}

describe('what webhooks sign with', () => {
  it('stays the same under a new master key, the former secret too, and a message that waited is signed by them', async () => {
    const webhook = await makeWebhook();
    expectSignedBy(await nextMessage(), webhook);
    receiver.answers.push(500);
    await nextMessage();
    const before = await sealed(webhook);
    await gatehouse.close();
    if (ON_SERVER) await run('master-key', 'rotate', '--new-key-file', join(dir, 'new.key'));
    else await run('master-key', 'rotate');
    await startAgain(ON_SERVER ? { MASTER_KEY: readFileSync(join(dir, 'new.key'), 'utf8') } : {});
    const after = await sealed(webhook);
    expect([after[0] === before[0], after[1] === before[1]]).toEqual([false, false]);
    await eventually(() => expect(receiver.received).toHaveLength(3), 30_000);
    expect(receiver.received[2]!.headers['webhook-id']).toBe(receiver.received[1]!.headers['webhook-id']);
    expectSignedBy(receiver.received[2]!, webhook);
    expectSignedBy(await nextMessage(), webhook);
  });

  onSqlite('is what it was at the backup after a restore', async () => {
    const webhook = await makeWebhook();
    await run('backup', join(dir, 'copy.sqlite'));
    const later = await gatehouse.admin(`/webhooks/${webhook.id}/rotate`, { body: { overlapSeconds: 0 } });
    await gatehouse.close();
    await run('restore', '--force', join(dir, 'copy.sqlite'));
    await startAgain();
    const received = await nextMessage();
    expectSignedBy(received, webhook);
    expect(isGenuine(received, String(later.json['secret']))).toBe(false);
  });
});
