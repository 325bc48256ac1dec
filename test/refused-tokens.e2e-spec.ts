import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestGatehouse, type TestGatehouse } from './support/gatehouse.js';

const GUESSES = 130;
const WRITTEN = 100;

interface EventRow {
  readonly kind: string;
  readonly address: string | null;
  readonly credentialId: string | null;
  readonly detail: Readonly<Record<string, unknown>>;
}

describe('Somebody guesses secrets', () => {
  let gatehouse: TestGatehouse;
  beforeAll(async () => {
    gatehouse = await startTestGatehouse({ env: { RATE_LIMIT_TOKEN_FAILURES: '100000' } });
    for (let i = 0; i < GUESSES; i++) {
      const answer = await gatehouse.token({ clientId: `mcc_${String(i).padStart(26, '0')}`, clientSecret: 'guessed' });
      expect(answer.status).toBe(401);
    }
    await gatehouse.flush();
  });
  afterAll(() => gatehouse.remove());

  const events = async (kind: string): Promise<readonly EventRow[]> =>
    (await gatehouse.admin(`/events?kind=${kind}&limit=200`)).json['items'] as EventRow[];

  it('writes the first hundred of a minute down one by one', async () => {
    expect(await events('token.refused')).toHaveLength(WRITTEN);
  });

  it('counts them all', async () => {
    const { json } = await gatehouse.admin('/usage?kind=token&outcome=refused');
    expect(json['items']).toEqual([expect.objectContaining({ count: GUESSES })]);
  });

  it('still writes down what concerns a credential', async () => {
    const credential = await gatehouse.createCredential();
    await gatehouse.accessToken(credential);
    await gatehouse.token({ clientId: credential.clientId, clientSecret: 'guessed' });
    await gatehouse.flush();
    expect((await events('token.refused'))[0]).toMatchObject({ credentialId: credential.id });
  });

  it('says how many more there were, at the latest when it stops', async () => {
    await gatehouse.close();
    const { dir, env, remove } = gatehouse;
    gatehouse = { ...(await startTestGatehouse({ on: { dir, env } })), remove };
    const first = gatehouse;
    expect(await events('token.refused_more')).toEqual([
      expect.objectContaining({ address: '127.0.0.1', credentialId: null, detail: { count: GUESSES - WRITTEN } }),
    ]);
    await first.close();
  });
});
