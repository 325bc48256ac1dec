// Requests to the OAuth endpoints as they should be, in parts that can still be changed.
import { ASSERTION_TYPE, clientAssertion, dpopProof, signed, workloadAssertion } from './scene.mjs';

const OAUTH = '/authed/mcp/oauth';
export const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';

/** A request in parts. `bad` names what certainly proves nothing: with it, nothing may be granted. */
export const newDraft = (endpoint) => ({
  method: 'POST',
  path: `${OAUTH}/${endpoint}`,
  query: '',
  headers: [['content-type', 'application/x-www-form-urlencoded']],
  form: [],
  secrets: [],
  bad: new Set(),
});

const basicOf = (id, secret) => `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`;

/** Lets a draft prove that it comes from this client, by one of the ways that its credential has. */
export function authenticate(random, scene, draft, credential) {
  const { clientId, clientSecret, authMethod } = credential;
  if (authMethod === 'private_key_jwt') {
    addAssertion(draft, signed(clientAssertion(random, scene, credential)));
    if (random.chance(20)) draft.form.push(['client_id', clientId]);
  } else if (authMethod === 'self_signed_tls_client_auth') {
    draft.headers.push(['client-cert', scene.certificate.header]);
    draft.form.push(['client_id', clientId]);
  } else {
    addSecret(random, draft, clientId, clientSecret ?? 'none');
  }
  if (credential.kind === 'certificate bound') draft.headers.push(['client-cert', scene.certificate.header]);
  if (credential.kind === 'far away') draft.headers.push(['x-forwarded-for', '10.1.2.3']);
}

export function addSecret(random, draft, clientId, clientSecret) {
  draft.secrets.push(clientSecret);
  if (random.chance(50)) draft.headers.push(['authorization', basicOf(clientId, clientSecret)]);
  else draft.form.push(['client_id', clientId], ['client_secret', clientSecret]);
}

export function addAssertion(draft, assertion) {
  draft.secrets.push(assertion);
  draft.form.push(['client_assertion_type', ASSERTION_TYPE], ['client_assertion', assertion]);
}

export function addProof(draft, proof) {
  draft.secrets.push(proof);
  draft.headers.push(['dpop', proof]);
}

const isClient = ({ kind }) => !kind.startsWith('workload') && !kind.endsWith('key set');
const SCOPES = ['mcp:search', 'mcp:read', 'mcp:search mcp:read', 'mcp:read mcp:search', 'mcp:search mcp:admin', ''];

const ofKind = (random, scene, kinds) => scene.find(random.pick(kinds));
const anyClient = (random, scene) => (random.chance(97) ? random.pick(scene.live.filter(isClient)) : random.pick(scene.live));

/** One good request, of any kind. */
export function goodDraft(random, scene) {
  return random.weighted([
    [30, clientCredentials],
    [12, refresh],
    [10, jwtBearer],
    [10, exchange],
    [10, introspect],
    [8, revoke],
    [5, leaked],
  ])(random, scene);
}

function clientCredentials(random, scene) {
  const draft = newDraft('token');
  draft.form.push(['grant_type', 'client_credentials']);
  const client = anyClient(random, scene);
  authenticate(random, scene, draft, client);
  if (random.chance(40)) draft.form.push(['scope', random.pick(SCOPES)]);
  if (random.chance(40)) draft.form.push(['resource', scene.installation.issuer]);
  if (client.kind === 'dpop' || random.chance(20)) addProof(draft, signed(dpopProof(random, scene)));
  return draft;
}

/** What is live is found by its owner; without one yet, with a text that is no token. */
function pickOwned(random, { items }, scene) {
  if (items.length > 0) return random.pick(items);
  return { token: 'canary-nothing', owner: scene.find('plain') };
}

function refresh(random, scene) {
  const draft = newDraft('token');
  const { token, owner, isBound } = pickOwned(random, scene.refreshTokens, scene);
  draft.form.push(['grant_type', 'refresh_token'], ['refresh_token', token]);
  draft.secrets.push(token);
  authenticate(random, scene, draft, owner);
  if (isBound) addProof(draft, signed(dpopProof(random, scene)));
  if (random.chance(20)) draft.form.push(['scope', random.pick(SCOPES)]);
  return draft;
}

function jwtBearer(random, scene) {
  const draft = newDraft('token');
  const assertion = signed(workloadAssertion(random, scene));
  draft.form.push(['grant_type', JWT_BEARER], ['assertion', assertion]);
  draft.secrets.push(assertion);
  if (random.chance(20)) draft.form.push(['client_id', scene.find('workload').clientId]);
  if (random.chance(20)) draft.form.push(['scope', random.pick(SCOPES)]);
  if (random.chance(20)) addProof(draft, signed(dpopProof(random, scene)));
  return draft;
}

function exchange(random, scene) {
  const draft = newDraft('token');
  const { token, isBound } = pickOwned(random, scene.tokens, scene);
  draft.form.push(['grant_type', TOKEN_EXCHANGE], ['subject_token', token], ['subject_token_type', ACCESS_TOKEN]);
  draft.secrets.push(token);
  authenticate(random, scene, draft, scene.find('exchange'));
  if (isBound) addProof(draft, signed(dpopProof(random, scene)));
  if (random.chance(20)) draft.form.push(['requested_token_type', ACCESS_TOKEN]);
  if (random.chance(20)) draft.form.push(['audience', random.pick(['docs', scene.installation.issuer])]);
  return draft;
}

function introspect(random, scene) {
  const draft = newDraft('introspect');
  const { token } = pickOwned(random, random.pick([scene.tokens, scene.refreshTokens]), scene);
  draft.form.push(['token', token]);
  draft.secrets.push(token);
  authenticate(random, scene, draft, ofKind(random, scene, ['resource server', 'key, old audience', 'plain']));
  return draft;
}

function revoke(random, scene) {
  const draft = newDraft('revoke');
  const { token, owner } = pickOwned(random, random.pick([scene.tokens, scene.refreshTokens]), scene);
  draft.form.push(['token', token]);
  draft.secrets.push(token);
  if (random.chance(40)) draft.form.push(['token_type_hint', random.pick(['access_token', 'refresh_token', 'other'])]);
  authenticate(random, scene, draft, random.chance(80) && isClient(owner) ? owner : scene.find('plain'));
  return draft;
}

/** Of a credential that is there for this, or of nobody. */
function leaked(random, scene) {
  const draft = newDraft('leaked');
  const secret = random.chance(5) ? scene.leaked.clientSecret : `mcs_canary${random.text(43)}`;
  draft.form.push(['secret', secret]);
  draft.secrets.push(secret);
  if (random.chance(30)) draft.form.push(['source', 'https://example.com/repository']);
  return draft;
}
