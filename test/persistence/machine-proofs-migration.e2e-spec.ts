import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { ClientSecret } from '../../src/credentials/client-secret.entity.js';
import { Credential } from '../../src/credentials/credential.entity.js';
import { openDatabase, dataSourceOptions } from '../../src/database/data-source.js';
import { Initial1732300000000 } from '../../src/database/migrations/1732300000000-initial.js';
import { MIGRATIONS } from '../../src/database/migrations/index.js';
import { ENTITIES } from '../../src/entities.js';
import { RefreshToken } from '../../src/tokens/refresh-token.entity.js';
import { type EmptyDatabase, emptyDatabase } from '../support/database.js';
import { startTestGatehouse } from '../support/gatehouse.js';
import { statusOfCall } from '../support/oauth.js';

type Row = Record<string, unknown>;

const TIME = 1_790_000_000_123;
const CREDENTIAL: Row = {
  id: '01KAX2V7Q5R1D7X0C3G8M6Y9TA',
  clientId: 'mcc_01kax2v7q5r1d7x0c3g8m6y9ta',
  label: 'Ünïcödé 🗝',
  authMethod: 'client_secret',
  isEnabled: 1,
  servers: '["docs"]',
  scopes: null,
  tokenTtl: 120,
  allowedIps: '["10.0.0.0/8"]',
  expiresAt: TIME,
  createdAt: TIME,
  createdBy: 'admin',
  updatedAt: TIME,
  lastUsedAt: null,
  version: 7,
};
const SECRETS: readonly Row[] = ['a', 'b'].map((end) => ({
  id: `01KAX2V7Q5R1D7X0C3G8M6Y9S${end}`,
  credentialId: CREDENTIAL['id'],
  digest: end.repeat(64),
  hint: 'wxyz',
  createdAt: TIME,
  expiresAt: null,
  lastUsedAt: TIME,
  lastUsedIp: '192.0.2.1',
}));

/** An installation that was made before the second migration. */
describe('the migration to machine proofs', () => {
  let database: EmptyDatabase;
  beforeAll(async () => {
    database = await emptyDatabase();
    const old = await new DataSource({
      ...(await dataSourceOptions(database.config, [])),
      migrations: [Initial1732300000000],
    }).initialize();
    expect(await old.runMigrations()).toHaveLength(1);
    await insert(old, 'credentials', CREDENTIAL);
    for (const secret of SECRETS) await insert(old, 'client_secrets', secret);
    await old.destroy();
  });
  afterAll(() => database.remove());

  const quote = ({ driver }: DataSource, name: string): string => driver.escape(name);

  async function insert(dataSource: DataSource, table: string, row: Row): Promise<void> {
    const names = Object.keys(row).map((name) => quote(dataSource, name));
    const places = names.map(() => '?').join(', ');
    await dataSource.query(`INSERT INTO ${table} (${names.join(', ')}) VALUES (${places})`, Object.values(row));
  }

  /** Without columns that a migration has added; numbers as numbers on every driver. */
  async function rowsOf(dataSource: DataSource, table: string, columns: readonly string[]): Promise<Row[]> {
    const names = columns.map((name) => quote(dataSource, name)).join(', ');
    const rows = await dataSource.query<Row[]>(`SELECT ${names} FROM ${table} ORDER BY id`);
    return rows.map((row) => ({ ...row }));
  }

  /** This migration, and those that came after it. */
  async function undoAllButTheFirst(dataSource: DataSource): Promise<void> {
    for (let undone = 1; undone < MIGRATIONS.length; undone++) await dataSource.undoLastMigration();
  }

  const kept = async (dataSource: DataSource): Promise<Row[][]> => [
    await rowsOf(dataSource, 'credentials', Object.keys(CREDENTIAL)),
    await rowsOf(dataSource, 'client_secrets', Object.keys(SECRETS[0]!)),
  ];

  it('keeps every credential and secret, with nothing new switched on', async () => {
    const dataSource = await openDatabase(database.config, ENTITIES);
    expect(await kept(dataSource)).toEqual([[CREDENTIAL], SECRETS]);
    const credential = await dataSource.getRepository(Credential).findOneByOrFail({});
    expect(credential).toMatchObject({ label: 'Ünïcödé 🗝', isEnabled: true, servers: ['docs'], allowedIps: ['10.0.0.0/8'], version: 7 });
    expect(credential).toMatchObject({
      grantTypes: null,
      settings: null,
      trustIssuer: null,
      tokensNotBefore: null,
      overFetchCount: 0,
      overFetchedAt: null,
    });
    expect(await dataSource.getRepository(ClientSecret).findBy({ digest: 'b'.repeat(64) })).toHaveLength(1);
    const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
    expect(upQueries).toEqual([]);
    await dataSource.destroy();
  });

  it('lets the version before go on to work on the new schema', async () => {
    const dataSource = await openDatabase(database.config, ENTITIES);
    const id = '01KAX2V7Q5R1D7X0C3G8M6Y9TB';
    await insert(dataSource, 'credentials', { ...CREDENTIAL, id, clientId: `mcc_${id.toLowerCase()}` });
    await insert(dataSource, 'client_secrets', { ...SECRETS[0], id: '01KAX2V7Q5R1D7X0C3G8M6Y9SC', credentialId: id });
    expect(await dataSource.getRepository(Credential).findOneByOrFail({ id })).toMatchObject({ overFetchCount: 0, settings: null });
    await dataSource.getRepository(Credential).delete({ id });
    expect(await dataSource.getRepository(ClientSecret).countBy({ credentialId: id })).toBe(0);
    await dataSource.destroy();
  });

  it('compares text of what it adds byte by byte, as the rest does', async () => {
    const dataSource = await openDatabase(database.config, ENTITIES);
    const credentials = dataSource.getRepository(Credential);
    await credentials.update({ version: 7 }, { trustIssuer: 'https://issuer.example', settings: { strictScope: true } });
    expect(await credentials.countBy({ trustIssuer: 'https://ISSUER.example' })).toBe(0);
    expect(await credentials.countBy({ trustIssuer: 'https://issuer.example' })).toBe(1);
    await credentials.update({ version: 7 }, { trustIssuer: null, settings: null });
    await dataSource.destroy();
  });

  it('goes down again, and up, and loses none of them', async () => {
    const dataSource = await openDatabase(database.config, ENTITIES);
    const row: RefreshToken = {
      id: '01KAX2V7Q5R1D7X0C3G8M6Y9RA',
      familyId: 'f',
      credentialId: String(CREDENTIAL['id']),
      digest: 'd',
      server: 'docs',
      scopes: ['a'],
      confirmation: null,
      createdAt: TIME,
      expiresAt: TIME,
      usedAt: null,
      accessJti: 'j',
      accessExpiresAt: TIME,
    };
    await dataSource.getRepository(RefreshToken).insert(row);
    for (let i = 0; i < 2; i++) {
      await undoAllButTheFirst(dataSource);
      expect(await kept(dataSource)).toEqual([[CREDENTIAL], SECRETS]);
      await expect(dataSource.query('SELECT * FROM refresh_tokens')).rejects.toThrow();
      await expect(dataSource.query(`SELECT ${quote(dataSource, 'settings')} FROM credentials`)).rejects.toThrow();
      expect(await dataSource.runMigrations()).toHaveLength(MIGRATIONS.length - 1);
    }
    expect(await kept(dataSource)).toEqual([[CREDENTIAL], SECRETS]);
    await dataSource.destroy();
  });

  it('changes nothing for a client: its secret and its token go on to work', async () => {
    const before = await startTestGatehouse();
    const client = await before.createCredential();
    const token = await before.accessToken(client);
    await undoAllButTheFirst(before.app.get(DataSource));
    await before.close();
    const after = await startTestGatehouse({ on: before, env: { PUBLIC_URL: before.url } });
    const reached = { url: `http://127.0.0.1:${after.env['PORT'] ?? ''}` };
    expect(await statusOfCall(reached, token)).toBe(200);
    expect((await after.admin(`/credentials/${client.id}`)).status).toBe(200);
    await after.close();
    await before.remove();
  });
});
