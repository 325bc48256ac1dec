// What MCP messages are made of: an installation with servers of every kind, credentials with tokens for them, and what came back so far.
import { openInstallation } from './installation.mjs';
import { FORBIDDEN, openUpstreams, UPSTREAM_SECRET } from './mcp-upstream.mjs';
import { Ring } from './ring.mjs';

const MANY = '1000000000';
const DAY = 86_400;
/** An answer of a liar that does not come is waited for no longer. */
const PATIENCE_SECONDS = 1;
/** Messages an hour of each credential to the server that is to run into its limit. */
const FEW = 20;

/** The policy that nobody gets round: what is not here is hidden, and what is not `default` needs a scope that the tokens lack. */
const scopesOf = (slug) => [
  {
    name: `${slug}:use`,
    default: true,
    permissions: [
      ...['echo', 'count', 'ask', 'mirrored', 'nothing', 'm_echo', 'm_count', 'l_echo', 'l_ask'].map((name) => `tools/call:${name}`),
      { permission: 'tools/call:limited', arguments: { n: { min: 0, max: 100 } } },
      'prompts/get:*greet',
      'resources/read:test://*',
    ],
  },
  { name: `${slug}:write`, permissions: ['tools/call:write_*', 'tools/call:l_write_*'] },
];

const http = (url, more = {}) => ({ upstream: { kind: 'http', url, auth: { type: 'bearer', token: UPSTREAM_SECRET } }, ...more });
const group = (...members) => ({ upstream: { kind: 'group', members } });

const serversAt = (url) => ({
  modern: http(`${url}/honest/modern`),
  legacy: http(`${url}/honest/legacy`),
  both: http(`${url}/honest/both`),
  few: http(`${url}/honest/both`, { limits: { perCredential: FEW } }),
  open: http(`${url}/open/both`, { access: 'both' }),
  'liar-modern': http(`${url}/liar/modern`, { limits: { timeoutSeconds: PATIENCE_SECONDS } }),
  'liar-legacy': http(`${url}/liar/legacy`, { limits: { timeoutSeconds: PATIENCE_SECONDS } }),
  'liar-both': http(`${url}/liar/both`, { limits: { timeoutSeconds: PATIENCE_SECONDS } }),
  group: group({ server: 'modern', prefix: 'm_' }, { server: 'legacy', prefix: 'l_' }),
  'liar-group': group({ server: 'modern', prefix: 'm_' }, { server: 'liar-legacy', prefix: 'l_' }),
});

/** Starts it all. */
export async function openScene(application, seed) {
  const upstreams = await openUpstreams(seed);
  const installation = await openInstallation(application, {
    EGRESS_ALLOW: '127.0.0.0/8',
    RATE_LIMIT_DOCS_PER_ADDRESS: MANY,
    RATE_LIMIT_DOCS_PER_TOOL: MANY,
    RATE_LIMIT_DOCS_PER_CREDENTIAL: MANY,
  });
  const settings = serversAt(upstreams.url);
  for (const [slug, setting] of Object.entries(settings))
    await installation.admin('POST', '/servers', { slug, name: slug, scopes: scopesOf(slug), ...setting });
  const slugs = ['docs', ...Object.keys(settings)];
  const credentials = [await makeCredential(installation, slugs), await makeCredential(installation, slugs)];
  return {
    installation,
    upstreams,
    credentials,
    slugs,
    docsTools: ['search', 'read'],
    /** Sessions of legacy clients, by server. */
    sessions: new Map(slugs.map((slug) => [slug, new Ring()])),
    eventIds: new Ring(),
    requestStates: new Ring(),
    close: async () => {
      await installation.close();
      await upstreams.close();
    },
  };
}

async function makeCredential(installation, slugs) {
  const { clientId, clientSecret } = await installation.admin('POST', '/credentials', {
    label: 'fuzz',
    servers: slugs,
    tokenTtl: 14 * DAY,
    // What the tokens lack they could have been given: that is asked for, and the rest hidden.
    scopes: slugs.flatMap((slug) => (slug === 'docs' ? ['mcp:search', 'mcp:read'] : scopesOf(slug).map(({ name }) => name))),
  });
  const tokens = new Map();
  for (const slug of slugs) tokens.set(slug, await fetchToken(installation, { clientId, clientSecret }, slug));
  return { clientId, tokens };
}

async function fetchToken({ send, issuer }, { clientId, clientSecret }, slug) {
  const { status, text } = await send({
    method: 'POST',
    url: '/authed/mcp/oauth/token',
    headers: {
      authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    payload: new URLSearchParams({
      grant_type: 'client_credentials',
      resource: slug === 'docs' ? issuer : `${issuer}/${slug}`,
      ...(slug === 'docs' ? {} : { scope: `${slug}:use` }),
    }).toString(),
  });
  if (status !== 200) throw new Error(`No token for ${slug}: ${status} ${text}`);
  return JSON.parse(text).access_token;
}

/** Where an answer may be a fault of the upstream's. */
export const mayLie = (slug) => slug.startsWith('liar');

export const TOOLS = ['echo', 'count', 'ask', 'limited', 'mirrored', 'nothing', 'write_note', FORBIDDEN];
