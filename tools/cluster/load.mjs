import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { startSlowUpstream } from './slow-upstream.mjs';

const MODERN = '2026-07-28';
const LEGACY = '2025-11-25';
const META = { 'io.modelcontextprotocol/protocolVersion': MODERN, 'io.modelcontextprotocol/clientCapabilities': {} };
const JSON_RPC = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const SLUG = 'slow';
/** Of each kind of work. */
const WORKERS = { mint: 3, call: 4, session: 2, stream: 6, admin: 1 };
const PAUSE_MS = 20;

const basic = (name, secret) => `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`;

/** Clients of every kind at work on one URL, who know nothing of what is behind it. Every request counts, and every failure is told. */
export class Load {
  counts = Object.fromEntries(Object.keys(WORKERS).map((kind) => [kind, 0]));
  failures = [];
  slowestMs = 0;
  #agent = new Agent({ keepAlive: true });
  #isOver = false;
  #work = [];

  constructor({ url, admin }) {
    this.url = url;
    this.asAdmin = { authorization: basic(admin.username, admin.password), 'content-type': 'application/json' };
  }

  get total() {
    return Object.values(this.counts).reduce((sum, count) => sum + count, 0);
  }

  async start() {
    this.upstream = await startSlowUpstream();
    const scopes = [{ name: 'all', permissions: ['*'], default: true }];
    await this.#create('servers', { slug: SLUG, name: 'Slow', upstream: { kind: 'http', url: this.upstream.url }, scopes });
    this.credential = await this.#create('credentials', { label: 'load', servers: ['docs', SLUG] });
    // Until every replica has heard of both.
    await sleep(1500);
    this.tokens = { docs: await this.#mint('docs'), [SLUG]: await this.#mint(SLUG) };
    this.#work = Object.entries(WORKERS).flatMap(([kind, amount]) => Array.from({ length: amount }, () => this.#repeat(kind)));
  }

  async stop() {
    this.#isOver = true;
    await Promise.all(this.#work);
    this.#agent.destroy();
    this.upstream?.close();
  }

  async #create(what, body) {
    const { status, text } = await this.#send({ path: `/api/v1/${what}`, headers: this.asAdmin, body: JSON.stringify(body) });
    if (status !== 201) throw new Error(`${what} could not be made: ${status} ${text}`);
    return JSON.parse(text);
  }

  async #repeat(kind) {
    while (!this.#isOver) {
      try {
        await this[kind]();
      } catch (error) {
        this.failures.push(`${kind}: ${error.code ?? ''} ${error.message}`);
      }
      await sleep(PAUSE_MS);
    }
  }

  async mint() {
    this.tokens.docs = await this.#mint('docs');
  }

  call() {
    return this.#mcp(
      'call',
      'docs',
      { method: 'tools/list', params: { _meta: META } },
      { 'mcp-protocol-version': MODERN, 'mcp-method': 'tools/list' },
    );
  }

  /** One of the earlier era: each of its messages may meet another replica. */
  async session() {
    const params = { protocolVersion: LEGACY, capabilities: {}, clientInfo: { name: 'load', version: '1' } };
    const { headers } = await this.#mcp('session', 'docs', { method: 'initialize', params });
    const session = { 'mcp-session-id': headers['mcp-session-id'], 'mcp-protocol-version': LEGACY };
    await this.#mcp('session', 'docs', { method: 'notifications/initialized', id: undefined }, session, 202);
    for (let i = 0; i < 10 && !this.#isOver; i++) {
      await this.#mcp('session', 'docs', { method: 'tools/list' }, session);
      await sleep(100);
    }
  }

  /** A call of half a second to two seconds that answers in parts. */
  async stream() {
    const steps = 2 + Math.floor(Math.random() * 7);
    const params = { name: 'count', arguments: { steps }, _meta: { ...META, progressToken: 1 } };
    const headers = { 'mcp-protocol-version': MODERN, 'mcp-method': 'tools/call', 'mcp-name': 'count' };
    const { text } = await this.#mcp('stream', SLUG, { method: 'tools/call', params }, headers);
    if (!text.includes(`"text":"${steps}"`)) throw new Error(`the answer broke off: ${text.slice(-100)}`);
  }

  async admin() {
    await this.#expect('admin', { method: 'GET', path: `/api/v1/credentials/${this.credential.id}`, headers: this.asAdmin });
  }

  async #mint(slug) {
    const body = new URLSearchParams({ grant_type: 'client_credentials', resource: this.#resource(slug) }).toString();
    const headers = {
      authorization: basic(this.credential.clientId, this.credential.clientSecret),
      'content-type': 'application/x-www-form-urlencoded',
    };
    const { text } = await this.#expect('mint', { path: '/authed/mcp/oauth/token', headers, body });
    return JSON.parse(text).access_token;
  }

  #resource(slug) {
    return `${this.url}/authed/mcp${slug === 'docs' ? '' : `/${slug}`}`;
  }

  #mcp(kind, slug, message, more = {}, status = 200) {
    const path = new URL(this.#resource(slug)).pathname;
    const headers = { ...JSON_RPC, authorization: `Bearer ${this.tokens[slug]}`, ...more };
    return this.#expect(kind, { path, headers, body: JSON.stringify({ jsonrpc: '2.0', id: 1, ...message }) }, status);
  }

  async #expect(kind, init, status = 200) {
    this.counts[kind]++;
    const began = performance.now();
    const answer = await this.#send(init);
    if (kind !== 'stream') this.slowestMs = Math.max(this.slowestMs, performance.now() - began);
    if (answer.status !== status) throw new Error(`${answer.status} ${answer.text.slice(0, 200)}`);
    return answer;
  }

  #send({ method = 'POST', path, headers, body }) {
    return new Promise((resolve, reject) => {
      const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
      const sent = request(this.url + path, { method, agent: this.#agent, headers: { ...headers, ...length } }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part) => (text += part));
        response.once('error', reject);
        response.once('end', () => resolve({ status: response.statusCode, headers: response.headers, text }));
      });
      sent.once('error', reject);
      sent.end(body);
    });
  }
}
