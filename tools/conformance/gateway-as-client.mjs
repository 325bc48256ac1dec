// What the suite starts as "the client": it puts the suite's server behind a Gatehouse, and calls it through there.
// The suite gives its URL as the last argument, credentials in MCP_CONFORMANCE_CONTEXT; the scene tells where Gatehouse is.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

const url = process.argv.at(-1);
const { GATEHOUSE_URL, GATEHOUSE_ADMIN, MCP_CONFORMANCE_CONTEXT = '{}', MCP_CONFORMANCE_PROTOCOL_VERSION } = process.env;
const { client_id: clientId, client_secret: clientSecret } = JSON.parse(MCP_CONFORMANCE_CONTEXT);
const slug = `suite-${Math.random().toString(36).slice(2)}`;
const MODERN = '2026-07-28';

async function ask(path, body, headers = {}) {
  const response = await fetch(`${GATEHOUSE_URL}${path}`, { method: 'POST', headers, body });
  const answer = await response.json();
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${JSON.stringify(answer)}`);
  return answer;
}
const admin = (path, body) =>
  ask(`/api/v1${path}`, JSON.stringify(body), { authorization: GATEHOUSE_ADMIN, 'content-type': 'application/json' });

/** As an administrator would look it up: the server's own documents say where its tokens come from. */
async function findTokenUrl() {
  const { origin, pathname } = new URL(url);
  const { authorization_servers: issuers } = await (await fetch(`${origin}/.well-known/oauth-protected-resource${pathname}`)).json();
  const issuer = new URL(issuers[0]);
  const path = issuer.pathname === '/' ? '' : issuer.pathname;
  return (await (await fetch(`${issuer.origin}/.well-known/oauth-authorization-server${path}`)).json()).token_endpoint;
}

const auth = clientSecret
  ? { type: 'client_credentials', tokenUrl: await findTokenUrl(), clientId, clientSecret, resource: url }
  : { type: 'none' };
const scopes = [{ name: 'all', permissions: ['*'], default: true }];
await admin('/servers', { slug, name: slug, upstream: { kind: 'http', url, auth }, scopes });
const credential = await admin('/credentials', { label: slug, servers: [slug] });
const { access_token: token } = await ask(
  '/authed/mcp/oauth/token',
  new URLSearchParams({ grant_type: 'client_credentials', resource: `${GATEHOUSE_URL}/authed/mcp/${slug}` }),
  { authorization: `Basic ${Buffer.from(`${credential.clientId}:${credential.clientSecret}`).toString('base64')}` },
);

const mode = MCP_CONFORMANCE_PROTOCOL_VERSION === MODERN ? { pin: MODERN } : 'legacy';
const client = new Client({ name: 'suite-client', version: '1.0.0' }, { versionNegotiation: { mode } });
const requestInit = { headers: { authorization: `Bearer ${token}` } };
await client.connect(new StreamableHTTPClientTransport(new URL(`${GATEHOUSE_URL}/authed/mcp/${slug}`), { requestInit }));
const { tools } = await client.listTools();
for (const { name, inputSchema } of tools) await client.callTool({ name, arguments: argumentsFor(inputSchema) });
const { resources: hasResources, prompts: hasPrompts } = client.getServerCapabilities() ?? {};
if (hasResources) for (const { uri } of (await client.listResources()).resources) await client.readResource({ uri });
if (hasPrompts) for (const { name } of (await client.listPrompts()).prompts) await client.getPrompt({ name });
await client.close();

/** A value of its type for every argument. */
function argumentsFor({ properties = {} }) {
  const values = { number: 2, integer: 2, string: 'text', boolean: true, array: [], object: {}, null: null };
  return Object.fromEntries(Object.entries(properties).map(([name, { type }]) => [name, values[type] ?? 'text']));
}
