import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { newId } from '../src/common/ids.js';
import { ClientSecret } from '../src/credentials/client-secret.entity.js';
import { CREDENTIAL_TOPIC } from '../src/credentials/credential-directory.service.js';
import { Digester } from '../src/database/digester.js';
import { UnitOfWork } from '../src/database/unit-of-work.service.js';
import { settableClock } from './support/database.js';
import { type Answer, ask, basic, type NewCredential, startTestGatehouse, type TestGatehouse } from './support/gatehouse.js';
import { claimsOf, postForm } from './support/oauth.js';
import fc from './support/properties.js';

const RUNS = 100;
const TOOLS = { 'mcp:search': 'search_docs', 'mcp:read': 'read_docs' } as const;
type Scope = keyof typeof TOOLS;
const SCOPES = Object.keys(TOOLS) as Scope[];

const time = settableClock();
let gatehouse: TestGatehouse;
let keeper: NewCredential;

beforeAll(async () => {
  gatehouse = await startTestGatehouse({ env: { RATE_LIMITS: 'off' }, clock: time.clock });
  keeper = await gatehouse.createCredential({ introspects: ['docs'] });
});
afterAll(() => gatehouse.remove());

/** What is known of a secret, a token and a credential without asking the server again. */
interface SecretModel {
  readonly id: string;
  readonly text: string;
  expiresAt: number;
}

interface TokenModel {
  readonly text: string;
  readonly owner: CredentialModel;
  readonly secret: SecretModel;
  readonly scopes: readonly Scope[];
  readonly expiresAt: number;
  isRevoked: boolean;
}

interface CredentialModel {
  readonly id: string;
  readonly clientId: string;
  scopes: readonly Scope[];
  isEnabled: boolean;
  isDeleted: boolean;
  expiresAt: number;
  readonly secrets: SecretModel[];
}

class World {
  readonly credentials: CredentialModel[] = [];
  readonly tokens: TokenModel[] = [];
}

const isLive = ({ isDeleted, isEnabled, expiresAt }: CredentialModel): boolean => !isDeleted && isEnabled && expiresAt > time.clock();
const isLiveSecret = ({ expiresAt }: SecretModel): boolean => expiresAt > time.clock();

/** The rule. */
function isAlive({ owner, secret, isRevoked, expiresAt }: TokenModel): boolean {
  return isLive(owner) && isLiveSecret(secret) && !isRevoked && expiresAt > time.clock();
}

const pick = <T>(list: readonly T[], index: number): T | undefined => list[index % Math.max(1, list.length)];
const act = (credential: CredentialModel, path: string, body?: unknown): Promise<Answer> =>
  gatehouse.admin(`/credentials/${credential.id}${path}`, body === undefined ? { method: 'POST' } : { body });

/** An answer of the admin API, which must be a success for a credential that exists. @returns whether it did. */
function succeeded({ status }: Answer, { isDeleted }: CredentialModel): boolean {
  if (isDeleted) expect(status).toBe(404);
  else expect(status).toBeLessThan(300);
  return !isDeleted;
}

async function create(world: World, tokenTtl: number): Promise<void> {
  const { id, clientId, clientSecret, secrets } = await gatehouse.createCredential({ tokenTtl });
  const secret = { id: secrets[0]!.id, text: clientSecret, expiresAt: Infinity };
  world.credentials.push({ id, clientId, scopes: SCOPES, isEnabled: true, isDeleted: false, expiresAt: Infinity, secrets: [secret] });
}

async function rotate(credential: CredentialModel, overlapSeconds: number): Promise<void> {
  const answer = await act(credential, '/rotate', { overlapSeconds });
  const live = credential.secrets.filter(isLiveSecret);
  if (!credential.isDeleted && overlapSeconds > 0 && live.length >= 2) return expect(answer.json['code']).toBe('too_many_secrets');
  if (!succeeded(answer, credential)) return;
  const end = time.clock() + overlapSeconds * 1000;
  for (const secret of live) secret.expiresAt = Math.min(secret.expiresAt, end);
  const { id } = (answer.json['secrets'] as { id: string }[]).at(-1)!;
  credential.secrets.push({ id, text: answer.json['clientSecret'] as string, expiresAt: Infinity });
}

async function change(credential: CredentialModel, body: Record<string, unknown>): Promise<boolean> {
  return succeeded(await gatehouse.admin(`/credentials/${credential.id}`, { method: 'PATCH', body }), credential);
}

async function endSecret(credential: CredentialModel, secret: SecretModel): Promise<void> {
  const { status } = await gatehouse.admin(`/credentials/${credential.id}/secrets/${secret.id}`, { method: 'DELETE' });
  const wasLive = !credential.isDeleted && isLiveSecret(secret);
  if (wasLive) expect(status).toBeLessThan(300);
  else expect(status).toBe(404);
  secret.expiresAt = Math.min(secret.expiresAt, time.clock());
}

async function leak(secret: SecretModel): Promise<void> {
  expect((await postForm(gatehouse, 'leaked', { client: null, form: { secret: secret.text } })).status).toBe(200);
  secret.expiresAt = Math.min(secret.expiresAt, time.clock());
}

async function mint(
  world: World,
  owner: CredentialModel,
  { secret, scope }: { secret: SecretModel; scope: readonly Scope[] },
): Promise<void> {
  const asked: Record<string, string> = scope.length === 0 ? {} : { scope: scope.join(' ') };
  const answer = await gatehouse.token({ clientId: owner.clientId, clientSecret: secret.text }, asked);
  if (!isLive(owner) || !isLiveSecret(secret)) return expect(answer).toMatchObject({ status: 401, json: { error: 'invalid_client' } });
  const scopes = owner.scopes.filter((name) => scope.length === 0 || scope.includes(name));
  if (scopes.length === 0) return expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_scope' } });
  expect([answer.status, answer.json['scope']]).toEqual([200, scopes.join(' ')]);
  const text = answer.json['access_token'] as string;
  const expiresAt = claimsOf(text).exp * 1000;
  expect(expiresAt).toBeLessThan(Math.min(owner.expiresAt, secret.expiresAt) + 1000);
  world.tokens.push({ text, owner, secret, scopes, expiresAt, isRevoked: false });
}

async function revoke(token: TokenModel, secret: SecretModel): Promise<void> {
  const client = { clientId: token.owner.clientId, clientSecret: secret.text };
  const { status } = await postForm(gatehouse, 'revoke', { client, form: { token: token.text } });
  const mayAsk = isLive(token.owner) && isLiveSecret(secret);
  expect(status).toBe(mayAsk ? 200 : 401);
  if (mayAsk) token.isRevoked = true;
}

async function revokeAll(world: World, credential: CredentialModel): Promise<void> {
  if (!succeeded(await act(credential, '/revoke-tokens'), credential)) return;
  for (const token of world.tokens) if (token.owner === credential) token.isRevoked = true;
}

/** A call passes exactly when the rule says so. */
async function call(token: TokenModel, scope: Scope): Promise<void> {
  const answer = await callTool(token.text, TOOLS[scope]);
  const alive = isAlive(token);
  const isCovered = token.scopes.includes(scope) && token.owner.scopes.includes(scope);
  const passed = answer.status === 200 && answer.json['result'] !== undefined;
  if (passed) expect([alive, isCovered]).toEqual([true, true]);
  else if (answer.status === 401) expect(alive).not.toBe(true);
  else expect([alive, isCovered]).toEqual([true, false]);
}

/** Introspection says the same. */
async function compareIntrospection(token: TokenModel): Promise<void> {
  const { json } = await postForm(gatehouse, 'introspect', { client: keeper, form: { token: token.text } });
  const isActive = isAlive(token);
  expect(json['active']).toBe(isActive);
  if (isActive) expect(json['scope']).toBe(token.scopes.filter((name) => token.owner.scopes.includes(name)).join(' '));
}

function callTool(token: string, name: string): Promise<Answer> {
  const args = name === 'search_docs' ? { query: 'zebra' } : { path: 'index' };
  const _meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} };
  return ask(`${gatehouse.url}/authed/mcp`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': name,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args, _meta } }),
  });
}

/** One thing that happens. Numbers choose among what there is. */
type Step = (world: World) => Promise<void>;

const number = fc.nat({ max: 1000 });
const scopes = fc.subarray(SCOPES);
const step = (name: string, run: Step): { run: Step; toString: () => string } => ({ run, toString: () => name });

const onCredential = (name: string, run: (credential: CredentialModel, world: World) => Promise<unknown>) =>
  number.map((index) =>
    step(`${name} ${index}`, async (world) => {
      const credential = pick(world.credentials, index);
      if (credential) await run(credential, world);
    }),
  );

const onSecret = (name: string, run: (secret: SecretModel, credential: CredentialModel, world: World) => Promise<void>) =>
  number.chain((which) =>
    onCredential(`${name} secret ${which} of`, async (credential, world) => {
      const secret = pick(credential.secrets, which);
      if (secret) await run(secret, credential, world);
    }),
  );

const onToken = (name: string, run: (token: TokenModel) => Promise<void>) =>
  number.map((index) =>
    step(`${name} ${index}`, async (world) => {
      const token = pick(world.tokens, index);
      if (token) await run(token);
    }),
  );

const pass = fc
  .oneof(fc.integer({ min: 1, max: 7000 }), fc.integer({ min: 50_000, max: 130_000 }))
  .map((milliseconds) => step(`pass ${milliseconds} ms`, () => Promise.resolve(time.advance(milliseconds))));

const ANY_STEP = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom(60, 120).map((ttl) => step(`create ${ttl}`, (world) => create(world, ttl))) },
  {
    weight: 2,
    arbitrary: fc
      .integer({ min: 1, max: 90 })
      .chain((overlap) => onCredential(`rotate (${overlap} s)`, (credential) => rotate(credential, overlap))),
  },
  { weight: 1, arbitrary: onCredential('rotate (0 s)', (credential) => rotate(credential, 0)) },
  {
    weight: 2,
    arbitrary: fc.boolean().chain((isEnabled) =>
      onCredential(isEnabled ? 'enable' : 'disable', async (credential) => {
        if (succeeded(await act(credential, isEnabled ? '/enable' : '/disable'), credential)) credential.isEnabled = isEnabled;
      }),
    ),
  },
  {
    weight: 1,
    arbitrary: onCredential('delete', async (credential) => {
      succeeded(await gatehouse.admin(`/credentials/${credential.id}`, { method: 'DELETE' }), credential);
      credential.isDeleted = true;
    }),
  },
  {
    weight: 2,
    arbitrary: fc.subarray(SCOPES, { minLength: 1 }).chain((some) =>
      onCredential(`give it ${some.join(' ')}:`, async (credential) => {
        if (await change(credential, { scopes: some })) credential.scopes = some;
      }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.option(fc.integer({ min: 1, max: 100 })).chain((seconds) =>
      onCredential(`let it expire in ${seconds ?? 'no'} s:`, async (credential) => {
        const expiresAt = seconds === null ? Infinity : time.clock() + seconds * 1000;
        const sent = seconds === null ? null : new Date(expiresAt).toISOString();
        if (await change(credential, { expiresAt: sent })) credential.expiresAt = expiresAt;
      }),
    ),
  },
  { weight: 1, arbitrary: onSecret('end', (secret, credential) => endSecret(credential, secret)) },
  { weight: 1, arbitrary: onSecret('leak', (secret) => leak(secret)) },
  {
    weight: 8,
    arbitrary: scopes.chain((scope) =>
      onSecret(`mint [${scope.join(' ')}] with`, (secret, owner, world) => mint(world, owner, { secret, scope })),
    ),
  },
  {
    weight: 2,
    arbitrary: number.chain((which) =>
      onToken(`revoke with secret ${which} token`, (token) => revoke(token, pick(token.owner.secrets, which)!)),
    ),
  },
  { weight: 1, arbitrary: onCredential('revoke all of', (credential, world) => revokeAll(world, credential)) },
  { weight: 6, arbitrary: fc.constantFrom(...SCOPES).chain((scope) => onToken(`call ${scope} with`, (token) => call(token, scope))) },
  { weight: 4, arbitrary: pass },
);

describe('any sequence of what can happen to credentials, secrets and tokens', () => {
  it('keeps the rule: a call passes exactly when its credential and secret are live, its token unexpired and unrevoked, its scope covers it', async () => {
    const seen = { passed: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(fc.array(ANY_STEP, { minLength: 5, maxLength: 25 }), async (steps) => {
        const world = new World();
        await create(world, 120);
        for (const { run } of steps) await run(world);
        for (const token of world.tokens) {
          for (const scope of SCOPES) await call(token, scope);
          await compareIntrospection(token);
          seen[isAlive(token) ? 'passed' : 'refused']++;
        }
      }),
      { numRuns: RUNS },
    );
    // Neither side of the rule was true for want of tokens.
    expect(seen.passed).toBeGreaterThan(RUNS / 4);
    expect(seen.refused).toBeGreaterThan(RUNS / 4);
  }, 300_000);
});

describe('any secret of the characters that secrets are made of', () => {
  const ALPHABET = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'];

  it('is the same by Basic, encoded or not, and in the body; any other is refused (R-CLA-02…04)', async () => {
    const { id, clientId } = await gatehouse.createCredential();
    const [dataSource, digester, unitOfWork] = [gatehouse.app.get(DataSource), gatehouse.app.get(Digester), gatehouse.app.get(UnitOfWork)];
    const secrets = dataSource.getRepository(ClientSecret);

    async function setSecret(secret: string): Promise<void> {
      await secrets.delete({ credentialId: id });
      const row = {
        id: newId(),
        credentialId: id,
        digest: digester.digest(secret),
        hint: '',
        createdAt: 0,
        expiresAt: null,
        lastUsedAt: null,
        lastUsedIp: null,
      };
      await secrets.insert(row);
      await unitOfWork.run(({ changed }) => changed(CREDENTIAL_TOPIC, id));
    }

    const endpoint = `${gatehouse.url}/authed/mcp/oauth/token`;
    const byBasic = async (secret: string): Promise<number> => {
      const body = new URLSearchParams({ grant_type: 'client_credentials' });
      return (await ask(endpoint, { method: 'POST', headers: { authorization: basic(clientId, secret) }, body })).status;
    };
    const inBody = async (secret: string): Promise<number> => {
      const body = new URLSearchParams({ grant_type: 'client_credentials', client_id: clientId, client_secret: secret });
      return (await ask(endpoint, { method: 'POST', body })).status;
    };
    /** Every character escaped, which no client does and every server must read. */
    const escaped = (secret: string): string => [...Buffer.from(secret)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');

    const text = fc.array(fc.constantFrom(...ALPHABET), { minLength: 1, maxLength: 120 }).map((characters) => characters.join(''));
    await fc.assert(
      fc.asyncProperty(text, text, async (secret, other) => {
        fc.pre(secret !== other);
        await setSecret(secret);
        expect([await byBasic(secret), await byBasic(escaped(secret)), await inBody(secret)]).toEqual([200, 200, 200]);
        expect([await byBasic(other), await inBody(other)]).toEqual([401, 401]);
      }),
      { numRuns: 40 },
    );
  });
});
