import { basic } from '../client.mjs';
import { oneOf } from './random.mjs';

const ROLES = ['viewer', 'operator'];
const MAX_KEYS = 5;
const SOON_MS = 60_000;

/** A server; nobody calls it. */
export class ServerSubject {
  history = ['server.created'];
  isGone = false;

  constructor(client, { slug, name }) {
    this.client = client;
    this.slug = slug;
    this.title = name;
    this.name = `server ${slug}`;
  }

  static creation(client, slug, headers) {
    const upstream = { kind: 'http', url: 'http://127.0.0.1:9/mcp', auth: { type: 'bearer', token: 'an-upstream-token' } };
    const body = { slug, name: slug, upstream, scopes: [{ name: `${slug}:all`, permissions: ['*'], default: true }] };
    return {
      kind: 'server.created',
      send: () => client.admin('POST', '/servers', body, { headers }),
      made: (json) => new ServerSubject(client, json),
    };
  }

  owns({ server, kind }) {
    return server === this.slug && kind.startsWith('server.');
  }

  choose() {
    if (this.isGone) return undefined;
    return Math.random() < 0.7 ? this.#change() : this.#delete();
  }

  #change() {
    const name = `${this.slug} ${this.history.length}`;
    const done = () => (this.title = name);
    return { kind: 'server.changed', send: () => this.client.admin('PATCH', `/servers/${this.slug}`, { name }), done, assume: done };
  }

  #delete() {
    const done = () => (this.isGone = true);
    return { kind: 'server.deleted', send: () => this.client.admin('DELETE', `/servers/${this.slug}`), done, assume: done };
  }

  async faults() {
    const { status, json } = await this.client.admin('GET', `/servers/${this.slug}`);
    if (this.isGone) return status === 404 ? [] : [`deleted, and answered with ${status}`];
    if (status !== 200) return [`not there: ${status}`];
    return json.name === this.title && json.upstream.auth.hasToken ? [] : [`named ${json.name}, not ${this.title}`];
  }
}

/** An admin with a password, a role and sessions. */
export class AdminSubject {
  history = ['admin.created'];
  isGone = false;
  #isEnabled = true;
  #sessions = [];

  constructor(client, { id, username, password, role }) {
    this.client = client;
    this.id = id;
    this.username = username;
    this.password = password;
    this.role = role;
    this.name = `admin ${username}`;
  }

  static creation(client, username, headers) {
    return {
      kind: 'admin.created',
      send: () => client.admin('POST', '/admins', { username, role: 'viewer' }, { headers }),
      made: (json) => new AdminSubject(client, json),
    };
  }

  owns({ kind, actor, detail }) {
    if (kind === 'admin.signed_in' || kind === 'admin.signed_out') return actor === this.username;
    return kind.startsWith('admin.') && kind !== 'admin.sign_in_failed' && detail?.username === this.username;
  }

  choose() {
    if (this.isGone) return undefined;
    const acts = [
      this.#setRole,
      this.#setPassword,
      this.#setEnabled,
      this.#signIn,
      this.#signIn,
      this.#signOut,
      this.#signOutAll,
      this.#delete,
    ];
    return oneOf(acts).call(this);
  }

  get #path() {
    return `/admins/${this.id}`;
  }

  #endSessions() {
    for (const session of this.#sessions) session.isLive = false;
  }

  #act(kind, send, change) {
    return { kind, send, done: change, assume: change };
  }

  #setRole() {
    const role = ROLES.find((each) => each !== this.role);
    return this.#act(
      'admin.changed',
      () => this.client.admin('PATCH', this.#path, { role }),
      () => {
        this.role = role;
        this.#endSessions();
      },
    );
  }

  #setPassword() {
    const password = `another password ${this.history.length}`;
    return this.#act(
      'admin.changed',
      () => this.client.admin('PATCH', this.#path, { password }),
      () => {
        this.password = password;
        this.#endSessions();
      },
    );
  }

  #setEnabled() {
    const [kind, act] = this.#isEnabled ? ['admin.disabled', 'disable'] : ['admin.enabled', 'enable'];
    return this.#act(
      kind,
      () => this.client.admin('POST', `${this.#path}/${act}`),
      () => {
        if (this.#isEnabled) this.#endSessions();
        this.#isEnabled = !this.#isEnabled;
      },
    );
  }

  #signIn() {
    if (!this.#isEnabled || this.password === undefined) return undefined;
    return {
      kind: 'admin.signed_in',
      send: () =>
        this.client.ask('/api/v1/session', {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'gatehouse-csrf': '1' },
          body: JSON.stringify({ username: this.username, password: this.password }),
        }),
      done: ({ headers }) => this.#sessions.push({ cookie: String(headers['set-cookie']).split(';')[0], isLive: true }),
      assume: () => undefined,
    };
  }

  #signOut() {
    const session = oneOf(this.#sessions.filter(({ isLive }) => isLive));
    if (!session) return undefined;
    const headers = { cookie: session.cookie, 'gatehouse-csrf': '1' };
    return this.#act(
      'admin.signed_out',
      () => this.client.ask('/api/v1/session', { method: 'DELETE', headers }),
      () => {
        session.isLive = false;
      },
    );
  }

  #signOutAll() {
    return this.#act(
      'admin.sessions_ended',
      () => this.client.admin('POST', `${this.#path}/sign-out`),
      () => this.#endSessions(),
    );
  }

  #delete() {
    return this.#act(
      'admin.deleted',
      () => this.client.admin('DELETE', this.#path),
      () => {
        this.isGone = true;
        this.#endSessions();
      },
    );
  }

  async faults() {
    const { status, json } = await this.client.admin('GET', this.#path);
    const faults = [];
    if (this.isGone !== (status === 404)) faults.push(`${this.isGone ? 'deleted' : 'there'}, and answered with ${status}`);
    else if (!this.isGone && json.role !== this.role) faults.push(`role ${json.role}, not ${this.role}`);
    const works = this.#isEnabled && !this.isGone;
    const me = await this.client.ask('/api/v1/session', { headers: { authorization: basic(this.username, this.password) } });
    if (me.status !== (works ? 200 : 401)) faults.push(`a password that ${works ? 'works' : 'has ended'}: ${me.status}`);
    for (const { cookie, isLive } of this.#sessions.slice(-3)) {
      const { status } = await this.client.ask('/api/v1/session', { headers: { cookie } });
      if (status !== (isLive ? 200 : 401)) faults.push(`a session that ${isLive ? 'lives' : 'has ended'}: ${status}`);
    }
    return faults;
  }
}

/** An admin key: made and deleted. */
export class AdminKeySubject {
  history = ['admin_key.created'];
  isGone = false;

  constructor(client, { id, secret }) {
    this.client = client;
    this.id = id;
    this.secret = secret;
    this.name = `admin key ${id}`;
  }

  static creation(client, label, headers) {
    return {
      kind: 'admin_key.created',
      send: () => client.admin('POST', '/admin-keys', { label, role: 'viewer' }, { headers }),
      made: (json) => new AdminKeySubject(client, json),
    };
  }

  owns({ kind, detail }) {
    return kind.startsWith('admin_key.') && detail?.id === this.id;
  }

  choose() {
    if (this.isGone) return undefined;
    const done = () => (this.isGone = true);
    return { kind: 'admin_key.deleted', send: () => this.client.admin('DELETE', `/admin-keys/${this.id}`), done, assume: done };
  }

  async faults() {
    const { status } = await this.client.ask('/api/v1/session', { headers: { authorization: basic(this.id, this.secret) } });
    return status === (this.isGone ? 401 : 200) ? [] : [`${this.isGone ? 'deleted' : 'there'}, and answered with ${status}`];
  }
}

/** The signing keys, which are one thing: rotated and, those that do not sign yet, removed. */
export class SigningKeysSubject {
  history = [];
  isGone = false;
  name = 'the signing keys';
  /** Those that are published and do not sign yet, with the time from which on they do. */
  #kids = new Map();

  constructor(client) {
    this.client = client;
  }

  owns({ kind, actor }) {
    return kind.startsWith('signing_key.') && actor === 'admin';
  }

  choose() {
    // The newest stays: without it another one would be made in the same act. One that signs would take its tokens along.
    const waiting = [...this.#kids].slice(0, -1).filter(([, from]) => from > Date.now() + SOON_MS);
    return this.#kids.size > MAX_KEYS && waiting.length > 0 ? this.#remove(oneOf(waiting)[0]) : this.#rotate();
  }

  #rotate() {
    return {
      kind: 'signing_key.created',
      send: () => this.client.admin('POST', '/signing-keys/rotate'),
      done: ({ json }) => this.#learn(json),
      assume: () => this.#kids.set('unknown', 0),
    };
  }

  #remove(kid) {
    const done = () => this.#kids.delete(kid);
    return { kind: 'signing_key.deleted', send: () => this.client.admin('DELETE', `/signing-keys/${kid}`), done, assume: done };
  }

  #learn({ items }) {
    const upcoming = items.filter(({ status }) => status === 'upcoming').sort((a, b) => a.signsFrom.localeCompare(b.signsFrom));
    this.#kids = new Map(upcoming.map(({ kid, signsFrom }) => [kid, Date.parse(signsFrom)]));
  }

  async faults() {
    const { status, json } = await this.client.admin('GET', '/signing-keys');
    if (status !== 200) return [`not to be read: ${status}`];
    const expected = this.#kids.size;
    const signing = json.items.filter((key) => key.status === 'signing').length;
    const upcoming = json.items.filter((key) => key.status === 'upcoming').length;
    const lost = [...this.#kids.keys()].filter((kid) => kid !== 'unknown' && !json.items.some((key) => key.kid === kid));
    // What was upcoming may sign by now.
    const faults = lost.map((kid) => `lost ${kid}`);
    if (upcoming > expected) faults.push(`${upcoming} upcoming keys, of ${expected} known`);
    if (signing !== 1) faults.push(`${signing} keys sign`);
    this.#learn(json);
    return faults;
  }
}
