import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { type Answer, ask, changesToldTwice, type NewCredential, startTestGatehouse, type TestGatehouse } from './support/gatehouse.js';

const LIST = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/list',
  params: { _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} } },
});

describe('with the database away', () => {
  let gatehouse: TestGatehouse;
  let warm: NewCredential;
  let cold: NewCredential;
  let token: string;
  const list = (): Promise<Answer> =>
    ask(`${gatehouse.url}/authed/mcp`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': 'tools/list',
      },
      body: LIST,
    });

  beforeAll(async () => {
    gatehouse = await startTestGatehouse({ env: { STATE_MAX_STALENESS: '3' } });
    warm = await gatehouse.createCredential();
    cold = await gatehouse.createCredential();
    await changesToldTwice(gatehouse);
    token = await gatehouse.accessToken(warm);
    expect((await list()).status).toBe(200);
    await gatehouse.app.get(DataSource).destroy();
  });
  afterAll(() => gatehouse.remove());

  it('serves warm token requests and calls without reading it', async () => {
    expect((await gatehouse.token(warm)).status).toBe(200);
    expect((await list()).status).toBe(200);
  });

  it('answers 503, not 500, where it must be read', async () => {
    const answer = await gatehouse.token(cold);
    expect(answer).toMatchObject({ status: 503, json: { error: 'temporarily_unavailable' } });
    expect(answer.headers.get('retry-after')).toBe('5');
    const admin = await gatehouse.admin('/credentials');
    expect(admin).toMatchObject({ status: 503, json: { code: 'unavailable' } });
    expect(admin.headers.get('retry-after')).toBe('5');
  });

  it('refuses tokens and calls once its state is older than STATE_MAX_STALENESS: nothing fails open', async () => {
    await new Promise((resolve) => setTimeout(resolve, 3300));
    expect(await gatehouse.token(warm)).toMatchObject({ status: 503, json: { error: 'temporarily_unavailable' } });
    expect((await list()).status).toBe(503);
    expect((await ask(`${gatehouse.url}/health/ready`)).status).toBe(503);
    expect((await ask(`${gatehouse.url}/health/live`)).status).toBe(200);
  });
});
