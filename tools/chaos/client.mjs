import { Agent, request } from 'undici';

const MODERN = '2026-07-28';
const META = { 'io.modelcontextprotocol/protocolVersion': MODERN, 'io.modelcontextprotocol/clientCapabilities': {} };

export const basic = (user, password) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

/** What a client of Gatehouse reads. Never throws: `status` 0 with `code` stands for an answer that did not come. */
export class Client {
  #gatehouse;
  #agent = newAgent();

  constructor(gatehouse) {
    this.#gatehouse = gatehouse;
  }

  /** Leaves all connections behind. */
  async reconnect() {
    const old = this.#agent;
    this.#agent = newAgent();
    await old.destroy();
  }

  async ask(path, { method = 'GET', headers = {}, body, timeoutMs = 30_000 } = {}) {
    const began = performance.now();
    try {
      const options = { dispatcher: this.#agent, method, headers, body, headersTimeout: timeoutMs, bodyTimeout: timeoutMs };
      const answer = await request(`http://127.0.0.1:${this.#gatehouse.port}${path}`, options);
      const text = await answer.body.text();
      return { status: answer.statusCode, headers: answer.headers, text, json: parse(text), ms: performance.now() - began };
    } catch (error) {
      return { status: 0, headers: {}, text: '', json: {}, code: error.code ?? error.name, ms: performance.now() - began };
    }
  }

  get(path) {
    return this.ask(path, { timeoutMs: 5000 });
  }

  admin(method, path, body, { headers = {}, user = 'admin', password = this.#gatehouse.password } = {}) {
    return this.ask(`/api/v1${path}`, {
      method,
      headers: { authorization: basic(user, password), ...(body ? { 'content-type': 'application/json' } : {}), ...headers },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
  }

  mint({ clientId, clientSecret }, form = {}, headers = {}) {
    return this.form('token', { grant_type: 'client_credentials', ...form }, { authorization: basic(clientId, clientSecret), ...headers });
  }

  form(endpoint, form, headers = {}) {
    return this.ask(`/authed/mcp/oauth/${endpoint}`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body: new URLSearchParams(form).toString(),
    });
  }

  /** A call of the modern era. */
  call(token, { server, method = 'tools/list', params = {}, timeoutMs } = {}) {
    return this.ask(callPath(server), { method: 'POST', timeoutMs, ...callOf(token, method, params) });
  }

  async metrics() {
    const { text } = await this.ask('/metrics', { headers: { authorization: 'Bearer metrics-of-chaos-0123456789abcdef' } });
    return text;
  }

  /** One value of the metrics; the sum where several lines fit. */
  async metric(name, labels = '') {
    const lines = (await this.metrics()).split('\n').filter((line) => line.startsWith(name) && line.includes(labels));
    return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
  }

  /** Labels of all credentials that are found with a text. */
  async labels(search) {
    const labels = [];
    let cursor = '';
    do {
      const { json } = await this.admin(
        'GET',
        `/credentials?limit=200&search=${encodeURIComponent(search)}${cursor && `&cursor=${cursor}`}`,
      );
      labels.push(...json.items.map(({ label }) => label));
      cursor = json.nextCursor ?? '';
    } while (cursor !== '');
    return labels;
  }

  /** Everything in the trail that fits, oldest first. */
  async events(query = '') {
    const { status, text } = await this.admin('GET', `/events?${query}`, undefined, { headers: { accept: 'application/x-ndjson' } });
    if (status !== 200) throw new Error(`The trail cannot be read: ${status} ${text.slice(0, 200)}`);
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line))
      .reverse();
  }
}

export const callPath = (server) => `/authed/mcp${server ? `/${server}` : ''}`;

/** Headers and body of a call of the modern era. */
export function callOf(token, method, params = {}) {
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': MODERN,
    'mcp-method': method,
    ...(params.name ? { 'mcp-name': params.name } : {}),
  };
  return { headers, body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: META } }) };
}

const newAgent = () => new Agent({ connections: 64, connect: { timeout: 5000 }, keepAliveTimeout: 1000 });

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    // An event stream, a page, nothing: who reads it looks at the text.
    return {};
  }
}
