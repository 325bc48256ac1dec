// Target "mcp": the MCP endpoints, with servers behind them that are honest and servers that lie. Messages are good ones, changed ones,
// ones with bytes changed at random, and ones whose client leaves.
import { setTimeout as pause } from 'node:timers/promises';
import { runInNewContext } from 'node:vm';
import { setFlagsFromString } from 'node:v8';
import { change } from './mcp-changes.mjs';
import { goodDraft, ownerOf } from './mcp-drafts.mjs';
import { faultsOf, rowOf } from './mcp-oracle.mjs';
import { mayLie, openScene } from './mcp-scene.mjs';
import { openClient } from './mcp-wire.mjs';
import { Random } from './random.mjs';
import { exchange, mutate, toBytes } from './wire.mjs';

const MCP_PATH = /^\/(?:authed\/)?mcp(?:\/[\w-]{1,64})?$/;
const MAX_LEAVE_MS = 25;
/** Below this the runtime and bounded caches come and go. */
const MAX_GROWTH_MB = 96;
const MAX_SOCKETS_LEFT = 40;
const SETTLE_MS = 40_000;
const WARM_UP = 300;

/** Starts what is to be attacked. */
export async function open(application) {
  const scene = await openScene(application, 1);
  const client = openClient(scene.installation.port);
  const target = {
    make: (random) => makeRequest(random, scene),
    send: (request) => send(request, scene, client),
    faultsOf,
    rowOf: (request, answer) => `${request.slug} ${request.era}: ${rowOf(answer)}`,
    observe: (request, answer) => observe(scene, request, answer),
    describe,
    finalFaults: () => finalFaults(scene, client, base),
    close: async () => {
      client.close();
      await scene.close();
    },
  };
  for (let index = 0; index < WARM_UP; index++) {
    const request = target.make(new Random(0, index));
    target.observe(request, await target.send(request));
  }
  const base = { heapMb: await heapMb() };
  return target;
}

function makeRequest(random, scene) {
  const draft = goodDraft(random, scene);
  const kind = random.weighted([
    [32, 'good'],
    [46, 'changed'],
    [18, 'mutated'],
    [4, 'leaves'],
  ]);
  if (kind === 'changed') change(random, scene, draft);
  let body = Buffer.from(draft.text ?? (draft.message === undefined ? '' : JSON.stringify(draft.message)));
  // What a call asks its client would keep a socket open that nobody answers on.
  const via = random.chance(6) && draft.method !== 'GET' && !body.includes('ask"') ? 'socket' : 'http';
  if (kind === 'mutated' && via === 'http') body = mutate(random, body);
  const request = { ...draft, kind, body, via, leavesAfterMs: kind === 'leaves' ? random.int(MAX_LEAVE_MS) : undefined };
  return judge(random, scene, via === 'socket' ? withBytes(random, request, scene) : request);
}

function withBytes(random, request, { installation }) {
  const bytes = toBytes(random, request, installation.port);
  return {
    ...request,
    kind: request.kind === 'leaves' ? 'good' : request.kind,
    bytes: request.kind === 'mutated' ? mutate(random, bytes) : bytes,
  };
}

/** Says what may be expected of the answer. */
function judge(_random, scene, request) {
  const { kind, via, method, path, body, slug, credential } = request;
  const isOpaque = kind === 'mutated' && via === 'socket';
  const text = body.toString('utf8');
  return {
    ...request,
    isMcp: MCP_PATH.test(path) && !isOpaque,
    isHuge: body.length > 4 * 2 ** 20,
    ids: isOpaque ? undefined : idsIn(text),
    mayLie: mayLie(slug) || isOpaque,
    // The gateway passes on what an upstream says of a message that it cannot judge itself.
    isPassed: true,
    isUnauthorized: !isOpaque && path.startsWith('/authed/mcp') && !isAuthorized(request),
    statuses: kind === 'good' && via === 'http' && slug !== 'few' ? request.statuses : undefined,
    staysOpen: method === 'GET' || text.includes('subscriptions/listen'),
    secrets: [credential.tokens.get(slug)],
    session: request.session && { ...request.session },
    scene,
  };
}

/** One token, where it belongs. */
function isAuthorized({ headers, query, credential, slug }) {
  const [value, second] = headers.filter(([name]) => name === 'authorization').map((header) => header[1]);
  return second === undefined && value === `Bearer ${credential.tokens.get(slug)}` && !query.includes('access_token');
}

/** The ids of all requests in a body, as whoever parses it sees them. */
function idsIn(text) {
  try {
    return [JSON.parse(text)].flat().flatMap((message) => (isId(message?.id) ? [message.id] : []));
  } catch {
    return [];
  }
}

const isId = (id) => typeof id === 'string' || typeof id === 'number';

async function send(request, { installation }, client) {
  if (request.via !== 'socket') return client.send(request);
  const answer = await exchange(request.bytes, installation.port, request.kind !== 'mutated' && !request.staysOpen);
  const broken = Buffer.byteLength(answer.text) < Number(answer.headers['content-length'] ?? 0);
  return { ...answer, text: unchunked(answer), broken, cut: request.staysOpen };
}

/** The text in chunks (RFC 9112 §7.1), which is ASCII but for what a document says. */
function unchunked({ headers, text }) {
  if (headers['transfer-encoding'] !== 'chunked') return text;
  let rest = Buffer.from(text);
  const parts = [];
  for (;;) {
    const end = rest.indexOf('\r\n');
    const length = parseInt(rest.subarray(0, Math.max(0, end)).toString('latin1'), 16);
    if (!(length > 0)) return Buffer.concat(parts).toString('utf8');
    parts.push(rest.subarray(end + 2, end + 2 + length));
    rest = rest.subarray(end + 4 + length);
  }
}

/** Keeps what later requests are made of. */
function observe({ sessions, eventIds, requestStates }, request, { status, headers, text, left }) {
  if (left || status !== 200) return;
  const id = headers['mcp-session-id'];
  if (typeof id === 'string' && request.message?.method === 'initialize' && request.kind === 'good') {
    const version = /"protocolVersion":"([\d-]+)"/.exec(text)?.[1] ?? '2025-11-25';
    sessions.get(request.slug).add({ id, version, owner: ownerOf(request) });
  }
  for (const [, eventId] of text.matchAll(/^id: (.+)$/gm)) eventIds.add(eventId);
  const state = /"requestState":"([^"]+)"/.exec(text)?.[1];
  if (state !== undefined) requestStates.add(state);
}

/** The request as JSON can hold it, for a report. */
function describe({ method, path, query, headers, body, bytes, via, kind, slug, id, leavesAfterMs, scene }) {
  const lies = scene.upstreams.state.lies.filter((lie) => lie.includes(` ${id}: `));
  if (via === 'socket') return { via, kind, slug, lies, bytes: bytes.toString('latin1') };
  return { via, kind, slug, lies, method, path: path + query, headers, body: body.toString('utf8'), leavesAfterMs };
}

/** After all is over: the policy has held, every server answers, nothing is left open, and memory is what it was. */
async function finalFaults(scene, client, base) {
  const { upstreams } = scene;
  const faults = [...upstreams.state.violations].map(([what, call]) => `${what}: ${JSON.stringify(call).slice(0, 1500)}`);
  upstreams.state.isLying = false;
  for (const slug of scene.slugs.filter((each) => each !== 'few'))
    if (!(await settles(() => isAnswering(scene, client, slug)))) faults.push(`${slug} does not answer any more`);
  if (!(await settles(() => countLeft(scene) === 0)))
    faults.push(
      `${countLeft(scene)} answers are still open at the upstream: ${[...new Set([...upstreams.state.open].map(({ of }) => of))].slice(0, 5)}`,
    );
  if (!(await settles(() => upstreams.state.sockets.size < MAX_SOCKETS_LEFT * 5)))
    faults.push(`${upstreams.state.sockets.size} connections to the upstream are left`);
  const grownMb = (await heapMb()) - base.heapMb;
  if (grownMb > MAX_GROWTH_MB) faults.push(`the heap has grown by ${Math.round(grownMb)} MB`);
  return faults;
}

async function settles(holds) {
  const deadline = performance.now() + SETTLE_MS;
  while (!(await holds())) {
    if (performance.now() > deadline) return false;
    await pause(250);
  }
  return true;
}

const countLeft = ({ upstreams }) => upstreams.state.open.size;

async function isAnswering(scene, client, slug) {
  const probe = new Random(1, 1);
  let draft;
  do draft = goodDraft(probe, scene);
  while (draft.slug !== slug || draft.era !== 'modern' || draft.message.method !== 'tools/list');
  const body = Buffer.from(JSON.stringify(draft.message));
  const { status, text } = await client.send({ ...draft, body }).catch(() => ({ status: 0, text: '' }));
  return status === 200 && text.includes('"tools":[');
}

async function heapMb() {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  for (let i = 0; i < 3; i++) {
    collect();
    await pause(20);
  }
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 2 ** 20;
}
