import { afterEach, describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../src/config/load-config.js';
import { systemClock } from '../../src/common/clock.js';
import { startGatehouse } from '../../src/http/create-app.js';
import { freePort } from '../support/free-port.js';
import { ask, startTestGatehouse, type TestGatehouse } from '../support/gatehouse.js';

const MCP = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const INITIALIZE = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 't', version: '1' } },
});

/** Two applications on one database, as two replicas are. */
describe('the change feed', () => {
  const cleanUps: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  });

  async function replicas(): Promise<{ first: TestGatehouse; second: string }> {
    const first = await startTestGatehouse();
    cleanUps.push(() => first.remove());
    const publicUrl = `http://localhost:${first.env['PORT'] ?? ''}`;
    const other = await startGatehouse(loadConfig({ ...first.env, PUBLIC_URL: publicUrl, PORT: String(await freePort()) }), systemClock);
    cleanUps.push(() => other.close());
    return { first, second: other.url };
  }

  const statusOn = async (url: string, token: string): Promise<number> => {
    const answer = await ask(`${url}/authed/mcp`, {
      method: 'POST',
      headers: { ...MCP, authorization: `Bearer ${token}` },
      body: INITIALIZE,
    });
    return answer.status;
  };

  it.each([
    ['disabled', (g: TestGatehouse, id: string) => g.admin(`/credentials/${id}/disable`, { method: 'POST' })],
    ['deleted', (g: TestGatehouse, id: string) => g.admin(`/credentials/${id}`, { method: 'DELETE' })],
    ['rotated without overlap', (g: TestGatehouse, id: string) => g.admin(`/credentials/${id}/rotate`, { body: { overlapSeconds: 0 } })],
  ])('ends the live tokens of a credential that was %s on the other replica within a second (R-REV-06)', async (_, act) => {
    const { first, second } = await replicas();
    const credential = await first.createCredential();
    const token = await first.accessToken(credential);
    expect(await statusOn(second, token)).toBe(200);
    await act(first, credential.id);
    const began = Date.now();
    expect(await statusOn(first.url, token)).toBe(401);
    let status = 200;
    while (status !== 401 && Date.now() - began < 5000) {
      status = await statusOn(second, token);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(status).toBe(401);
    expect(Date.now() - began).toBeLessThan(1000);
  });

  it('shows a credential on the other replica as soon as it is made, and its tokens are good on both', async () => {
    const { first, second } = await replicas();
    const credential = await first.createCredential();
    const answer = await ask(`${second}/authed/mcp/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: credential.clientId,
        client_secret: credential.clientSecret,
      }),
    });
    expect(answer.status).toBe(200);
    expect(await statusOn(first.url, answer.json['access_token'] as string)).toBe(200);
  });
});
