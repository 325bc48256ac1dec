import { expect } from '@jest/globals';
import { DataSource } from 'typeorm';
import type { AccessTokenClaims } from '../../src/tokens/claims.js';
import { UnitOfWork } from '../../src/database/unit-of-work.service.js';
import { Server, type ServerScope } from '../../src/servers/server.entity.js';
import { type Answer, ask, basic, type NewCredential, type TestGatehouse } from './gatehouse.js';

export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
export const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';

export type Client = Pick<NewCredential, 'clientId' | 'clientSecret'>;
type Endpoint = 'token' | 'revoke' | 'introspect' | 'leaked';

/** Posts a form to an OAuth endpoint, as a client with Basic or, with null, as nobody. A list sends a parameter several times. */
export function postForm(
  { url }: Pick<TestGatehouse, 'url'>,
  endpoint: Endpoint,
  { client, form, headers }: { client: Client | null; form: Record<string, string | readonly string[]>; headers?: Record<string, string> },
): Promise<Answer> {
  const body = new URLSearchParams();
  for (const [name, values] of Object.entries(form)) for (const value of [values].flat()) body.append(name, value);
  const authorization: Record<string, string> = client ? { authorization: basic(client.clientId, client.clientSecret) } : {};
  return ask(`${url}/authed/mcp/oauth/${endpoint}`, { method: 'POST', headers: { ...authorization, ...headers }, body });
}

/** Reads an answer whole: the error of the table (R-ERR-01, R-ERR-03), and that nobody keeps it (R-RSP-04). */
export function expectOAuthError(answer: Answer, status: number, error: string): void {
  expect([answer.status, answer.json]).toEqual([
    status,
    { error, error_description: expect.stringMatching(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/) },
  ]);
  expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
  expectNotKept(answer);
  if (status === 401) expect(answer.headers.get('www-authenticate')).toBe('Basic realm="token"');
}

export function expectNotKept({ headers }: Answer): void {
  expect([headers.get('cache-control'), headers.get('pragma')]).toEqual(['no-store', 'no-cache']);
}

/** What a token says, unverified. */
export function claimsOf(token: string): AccessTokenClaims {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as AccessTokenClaims;
}

const META = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} };
const LIST = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta: META } });

/** Lists the tools with a token. `url` is that of the MCP endpoint. */
export function listTools(url: string, token: string, headers: Record<string, string> = {}): Promise<Answer> {
  return ask(url, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/list',
      ...headers,
    },
    body: LIST,
  });
}

/** The status of a call with a token at the default server. */
export const statusOfCall = async ({ url }: Pick<TestGatehouse, 'url'>, token: string): Promise<number> =>
  (await listTools(`${url}/authed/mcp`, token)).status;

/** Gives the default server other scopes, as an admin of servers would. */
export function changeScopes(gatehouse: TestGatehouse, scopes: ServerScope[]): Promise<void> {
  return changeServers(gatehouse, async (dataSource) => {
    await dataSource.getRepository(Server).update({ isDefault: true }, { scopes });
  });
}

/** Adds another server, with the documentation behind it. */
export function addServer(gatehouse: TestGatehouse, slug: string): Promise<void> {
  return changeServers(gatehouse, async (dataSource) => {
    const servers = dataSource.getRepository(Server);
    const { id, ...other } = await servers.findOneByOrFail({ isDefault: true });
    await servers.insert({ ...other, id: id.slice(0, -slug.length) + slug.toUpperCase(), slug, isDefault: false });
  });
}

async function changeServers(gatehouse: TestGatehouse, change: (dataSource: DataSource) => Promise<void>): Promise<void> {
  await change(gatehouse.app.get(DataSource));
  await gatehouse.app.get(UnitOfWork).run(({ changed }) => changed('server', 'test'));
  // The directory reads the servers again in its own time.
  await new Promise((resolve) => setTimeout(resolve, 100));
}
