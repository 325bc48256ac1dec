import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { TestBrowser, type Visit } from './support/browser.js';
import { settableClock } from './support/database.js';
import { eventually } from './support/eventually.js';
import { ask, basic, changesToldTwice, PASSWORD, startTestGatehouse, type TestGatehouse } from './support/gatehouse.js';
import { build, type Replicas, startReplicas } from './support/replicas.js';

const HOUR = 3_600_000;

let gatehouse: TestGatehouse;
beforeAll(async () => {
  gatehouse = await startTestGatehouse({ env: { RATE_LIMIT_SIGN_IN_FAILURES: '5' } });
});
afterAll(() => gatehouse.remove());

const session = (path = ''): string => `${gatehouse.url}/api/v1/session${path}`;
const api = (path: string): string => `${gatehouse.url}/api/v1${path}`;

async function signIn(username = 'admin', password = PASSWORD): Promise<TestBrowser> {
  const browser = new TestBrowser();
  expect((await browser.ask(session(), { body: { username, password } })).status).toBe(201);
  return browser;
}
const whoAmI = (browser: TestBrowser): Promise<Visit> => browser.ask(session());
const tokenOf = (browser: TestBrowser): string => [...browser.cookies(gatehouse.url).values()][0] ?? '';

interface NewAdmin {
  readonly id: string;
  readonly username: string;
  readonly password: string;
}

let admins = 0;
async function createAdmin(role: string): Promise<NewAdmin> {
  const username = `admin-${++admins}`;
  const { json } = await gatehouse.admin('/admins', { body: { username, role, password: PASSWORD } });
  return { id: json['id'] as string, username, password: PASSWORD };
}

describe('a sign-in session', () => {
  it('begins with name and password, and its cookie is out of reach of scripts and of other sites', async () => {
    const answer = await new TestBrowser().ask(session(), { body: { username: 'ADMIN', password: PASSWORD } });
    expect(answer.status).toBe(201);
    expect(answer.json).toEqual({
      id: expect.any(String),
      name: 'admin',
      role: 'owner',
      kind: 'admin',
      mustChangePassword: false,
      session: {
        id: expect.any(String),
        method: 'password',
        createdAt: expect.any(String),
        expiresAt: expect.any(String),
        idleSeconds: 28_800,
      },
    });
    expect(answer.headers.get('set-cookie')).toMatch(
      /^gatehouse-session-\d+=mgs_[0-9A-Za-z]{49}; Max-Age=604800; Path=\/; HttpOnly; SameSite=Strict$/,
    );
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.text).not.toContain('mgs_');
  });

  it('belongs to this very host behind https', async () => {
    const own = await startTestGatehouse({ env: { PUBLIC_URL: 'https://gate.example.com' } });
    try {
      const url = `http://localhost:${own.env['PORT'] ?? ''}/api/v1/session`;
      const browser = new TestBrowser();
      const origin = { origin: 'https://gate.example.com' };
      const answer = await browser.ask(url, { body: { username: 'admin', password: PASSWORD }, headers: origin });
      expect(answer.headers.get('set-cookie')).toMatch(
        /^__Host-gatehouse-session=mgs_\w+; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Strict; Secure$/,
      );
      expect((await browser.ask(url)).json).toMatchObject({ name: 'admin' });
      expect((await browser.ask(url, { headers: { origin: 'https://other.example.com' } })).status).toBe(403);
    } finally {
      await own.remove();
    }
  });

  it('is stored as a digest only', async () => {
    const browser = await signIn();
    const rows: unknown[] = await gatehouse.app.get(DataSource).query('SELECT * FROM admin_sessions');
    expect(JSON.stringify(rows)).not.toContain(tokenOf(browser));
    expect((await gatehouse.admin('/events?limit=200')).text).not.toContain('mgs_');
  });

  it('reads no database while it is warm', async () => {
    const browser = await signIn();
    await whoAmI(browser);
    await changesToldTwice(gatehouse);
    await whoAmI(browser);
    let reads = 0;
    const logQuery = (sql: string): void => {
      if (/^select/i.test(sql) && /admin_sessions|admins/.test(sql)) reads++;
    };
    gatehouse.app.get(DataSource).setOptions({ logging: ['query'], logger: { logQuery } as never });
    try {
      const cold = await signIn();
      reads = 0;
      await whoAmI(cold);
      expect(reads).toBe(2);
      for (let i = 0; i < 5; i++) for (const one of [browser, cold]) expect((await whoAmI(one)).status).toBe(200);
      expect(reads).toBe(2);
    } finally {
      gatehouse.app.get(DataSource).setOptions({ logging: false });
    }
  });

  it('is refused to a wrong password, without the dialog that browsers put up at Basic', async () => {
    const answer = await new TestBrowser().ask(session(), { body: { username: 'admin', password: 'wrong' } });
    expect(answer).toMatchObject({ status: 401, json: { code: 'unauthorized', detail: 'The name or the password is wrong.' } });
    expect(answer.headers.get('www-authenticate') ?? '').not.toContain('Basic');
    const later = await new TestBrowser().ask(api('/credentials'));
    expect([later.status, later.headers.get('www-authenticate')]).toEqual([401, 'Session realm="gatehouse admin"']);
    const script = await ask(api('/credentials'), { headers: { 'sec-fetch-dest': 'empty' } });
    expect(script.headers.get('www-authenticate')).toContain('Session');
    expect((await ask(api('/credentials'))).headers.get('www-authenticate')).toContain('Basic');
  });

  it('is slowed down for guesses, as any sign-in is', async () => {
    const { username, password } = await createAdmin('viewer');
    const guess = (text: string) => new TestBrowser().ask(session(), { body: { username, password: text } });
    for (let i = 0; i < 5; i++) expect((await guess(`wrong ${i}`)).status).toBe(401);
    const slowed = await guess(password);
    expect(slowed).toMatchObject({ status: 429, json: { code: 'too_many_requests' } });
    expect(Number(slowed.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it.each([
    ['no name', { password: 'x' }],
    ['no password', { username: 'admin' }],
    ['texts of another kind', { username: ['admin'], password: { $ne: '' } }],
    ['an endless password', { username: 'admin', password: 'x'.repeat(201) }],
    ['something more', { username: 'admin', password: PASSWORD, role: 'owner' }],
  ])('is refused to %s', async (_, body) => {
    expect(await new TestBrowser().ask(session(), { body })).toMatchObject({ status: 400, json: { code: 'validation_failed' } });
  });

  it('is refused to an admin key, which signs each of its requests', async () => {
    const { json } = await gatehouse.admin('/admin-keys', { body: { label: 'script', role: 'owner' } });
    const [id, secret] = [json['id'] as string, json['secret'] as string];
    expect((await new TestBrowser().ask(session(), { body: { username: id, password: secret } })).status).toBe(401);
    const asked = await ask(session(), { headers: { authorization: `Bearer ${secret}` } });
    expect(asked.json).toMatchObject({ kind: 'key', role: 'owner', mustChangePassword: false, session: null });
  });

  it('gives each role what it gives by Basic', async () => {
    const expected: Record<string, number[]> = { viewer: [200, 403, 403], operator: [200, 201, 403], owner: [200, 201, 200] };
    for (const [role, statuses] of Object.entries(expected)) {
      const { username } = await createAdmin(role);
      const browser = await signIn(username);
      const found = [
        (await browser.ask(api('/credentials'))).status,
        (await browser.ask(api('/credentials'), { body: { label: role } })).status,
        (await browser.ask(api('/admin-keys'))).status,
      ];
      expect([role, ...found]).toEqual([role, ...statuses]);
    }
  });

  it('counts only where the request says nothing of itself: a wrong header is not made good by a cookie', async () => {
    const browser = await signIn();
    const { username } = await createAdmin('viewer');
    expect((await browser.ask(session(), { headers: { authorization: basic(username, PASSWORD) } })).json).toMatchObject({
      name: username,
      session: null,
    });
    expect((await browser.ask(session(), { headers: { authorization: 'Bearer nonsense' } })).status).toBe(401);
  });

  it.each([
    ['another token', 'mgs_0000000000000000000000000000000000000000000000000'],
    ['something else', 'nonsense'],
    ['nothing', ''],
  ])('is none with %s in the cookie', async (_, value) => {
    const browser = await signIn();
    const name = [...browser.cookies(gatehouse.url).keys()][0] ?? '';
    browser.setCookie(gatehouse.url, name, value);
    expect((await whoAmI(browser)).status).toBe(401);
  });

  it('never opens an MCP endpoint, and an MCP token never opens this API (R-ADM-05)', async () => {
    const browser = await signIn();
    expect((await browser.ask(`${gatehouse.url}/authed/mcp`, { body: {} })).status).toBe(401);
    const token = await gatehouse.accessToken(await gatehouse.createCredential());
    expect((await ask(session(), { headers: { authorization: `Bearer ${token}` } })).status).toBe(401);
  });
});

describe('cross-site request forgery', () => {
  const FOREIGN = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
  let browser: TestBrowser;
  beforeAll(async () => {
    browser = await signIn();
  });

  it('changes nothing without the header that only our pages send', async () => {
    const answer = await ask(api('/credentials'), {
      method: 'POST',
      headers: { cookie: browser.cookieHeader(gatehouse.url), 'content-type': 'application/json' },
      body: '{"label":"forged"}',
    });
    expect(answer).toMatchObject({ status: 403, json: { code: 'origin_not_allowed' } });
    expect((await gatehouse.admin('/credentials?search=forged')).json['items']).toEqual([]);
  });

  it('changes and reads nothing from another site, and signs nobody in', async () => {
    const others: Record<string, string>[] = [FOREIGN, { origin: 'http://localhost:1' }, { 'sec-fetch-site': 'same-site' }];
    for (const headers of others) {
      expect((await browser.ask(api('/credentials'), { body: { label: 'forged' }, headers })).status).toBe(403);
      expect((await browser.ask(session(), { headers })).status).toBe(403);
      const signedIn = await new TestBrowser().ask(session(), { body: { username: 'admin', password: PASSWORD }, headers });
      expect([signedIn.status, signedIn.headers.get('set-cookie')]).toEqual([403, null]);
    }
  });

  it('does not hold for ALLOWED_ORIGINS either: those bring no cookies', async () => {
    const own = await startTestGatehouse({ env: { ALLOWED_ORIGINS: 'https://app.example.com' } });
    try {
      const page = new TestBrowser();
      await page.ask(`${own.url}/api/v1/session`, { body: { username: 'admin', password: PASSWORD } });
      const headers = { origin: 'https://app.example.com' };
      expect((await page.ask(`${own.url}/api/v1/credentials`, { body: { label: 'x' }, headers })).status).toBe(403);
    } finally {
      await own.remove();
    }
  });
});

describe('a session ends', () => {
  it('by signing out, cookie included', async () => {
    const [browser, other] = [await signIn(), await signIn()];
    const answer = await browser.ask(session(), { method: 'DELETE' });
    expect([answer.status, answer.json]).toEqual([200, { signOutUrl: null }]);
    expect(answer.headers.get('set-cookie')).toMatch(/^gatehouse-session-\d+=; Max-Age=0; /);
    expect((await whoAmI(other)).status).toBe(200);
  });

  it('for whoever kept the token, too', async () => {
    const browser = await signIn();
    const kept = browser.cookieHeader(gatehouse.url);
    await browser.ask(session(), { method: 'DELETE' });
    expect((await ask(session(), { headers: { cookie: kept } })).status).toBe(401);
  });

  it('everywhere by DELETE /session/all', async () => {
    const { username } = await createAdmin('viewer');
    const [one, two, other] = [await signIn(username), await signIn(username), await signIn()];
    const list = (await one.ask(session('/all'))).json['items'] as { isCurrent: boolean; userAgent: string }[];
    expect(list.map(({ isCurrent }) => isCurrent)).toEqual([false, true]);
    expect((await one.ask(session('/all'), { method: 'DELETE' })).status).toBe(204);
    expect([(await whoAmI(one)).status, (await whoAmI(two)).status, (await whoAmI(other)).status]).toEqual([401, 401, 200]);
  });

  const acts: [string, (admin: NewAdmin) => Promise<{ status: number }>][] = [
    [
      'a change of the password by an owner',
      ({ id }) => gatehouse.admin(`/admins/${id}`, { method: 'PATCH', body: { password: 'another long password' } }),
    ],
    ['a change of the role', ({ id }) => gatehouse.admin(`/admins/${id}`, { method: 'PATCH', body: { role: 'viewer' } })],
    ['disabling', ({ id }) => gatehouse.admin(`/admins/${id}/disable`, { method: 'POST' })],
    ['deletion', ({ id }) => gatehouse.admin(`/admins/${id}`, { method: 'DELETE' })],
    ['POST /admins/{id}/sign-out', ({ id }) => gatehouse.admin(`/admins/${id}/sign-out`, { method: 'POST' })],
  ];
  it.each(acts)('by %s', async (_, act) => {
    const admin = await createAdmin('operator');
    const browsers = [await signIn(admin.username), await signIn(admin.username)];
    for (const browser of browsers) expect((await whoAmI(browser)).status).toBe(200);
    expect((await act(admin)).status).toBeLessThan(300);
    for (const browser of browsers) expect((await whoAmI(browser)).status).toBe(401);
    const rows: unknown[] = await gatehouse.app.get(DataSource).query('SELECT id FROM admin_sessions WHERE adminId = ?', [admin.id]);
    expect(rows).toEqual([]);
  });

  it('with the others by a change of one’s own password, and the one at hand goes on under a new cookie', async () => {
    const { username } = await createAdmin('viewer');
    const [here, there] = [await signIn(username), await signIn(username)];
    const before = tokenOf(here);
    const change = { currentPassword: PASSWORD, newPassword: 'another long password' };
    expect((await here.ask(api('/admins/me/password'), { body: change })).status).toBe(204);
    expect(tokenOf(here)).not.toBe(before);
    expect([(await whoAmI(here)).status, (await whoAmI(there)).status]).toEqual([200, 401]);
    expect((await here.ask(api('/admins/me/password'), { body: change })).json).toMatchObject({ code: 'validation_failed' });
  });

  it('is in the audit trail, as its beginning is', async () => {
    const { username, id } = await createAdmin('viewer');
    const browser = await signIn(username);
    await browser.ask(session(), { method: 'DELETE' });
    await gatehouse.admin(`/admins/${id}/sign-out`, { method: 'POST' });
    const mine = (await gatehouse.admin(`/events?actor=${username}`)).json['items'] as Record<string, unknown>[];
    expect(mine.map(({ kind, address, detail }) => ({ kind, address: typeof address, detail }))).toEqual([
      { kind: 'admin.signed_out', address: 'string', detail: {} },
      { kind: 'admin.signed_in', address: 'string', detail: { method: 'password' } },
    ]);
    const ended = (await gatehouse.admin('/events?kind=admin.sessions_ended&limit=1')).json['items'] as Record<string, unknown>[];
    expect(ended[0]).toMatchObject({ actor: 'admin', detail: { username, sessions: 0 } });
  });

  it('with the right role only: others’ sessions are the owners’ to end', async () => {
    const [operator, victim] = [await createAdmin('operator'), await createAdmin('viewer')];
    const browser = await signIn(operator.username);
    for (const act of ['sign-out', 'disable', 'enable']) {
      expect((await browser.ask(api(`/admins/${victim.id}/${act}`), { method: 'POST' })).status).toBe(403);
    }
    expect((await gatehouse.admin('/admins/nobody/sign-out', { method: 'POST' })).status).toBe(404);
  });
});

describe('a disabled admin', () => {
  it('comes in by no way, until enabled', async () => {
    const { id, username } = await createAdmin('operator');
    expect((await gatehouse.admin(`/admins/${id}/disable`, { method: 'POST' })).json).toMatchObject({ status: 'disabled' });
    expect((await gatehouse.admin('/admins/me', { user: username })).status).toBe(401);
    expect((await new TestBrowser().ask(session(), { body: { username, password: PASSWORD } })).status).toBe(401);
    expect((await gatehouse.admin(`/admins/${id}/enable`, { method: 'POST' })).json).toMatchObject({ status: 'enabled' });
    expect((await gatehouse.admin('/admins/me', { user: username })).status).toBe(200);
  });

  it('is never the last owner, nor counts as one', async () => {
    const own = await startTestGatehouse();
    try {
      const me = (await own.admin('/admins/me')).json['id'] as string;
      const problem = { status: 409, json: { code: 'last_owner' } };
      expect(await own.admin(`/admins/${me}/disable`, { method: 'POST' })).toMatchObject(problem);
      const { json } = await own.admin('/admins', { body: { username: 'second', role: 'owner', password: PASSWORD } });
      await own.admin(`/admins/${String(json['id'])}/disable`, { method: 'POST' });
      expect(await own.admin(`/admins/${me}/disable`, { method: 'POST' })).toMatchObject(problem);
      expect(await own.admin(`/admins/${me}`, { method: 'DELETE' })).toMatchObject(problem);
      expect(await own.admin(`/admins/${me}/disable`, { method: 'POST', headers: { 'if-match': '"99"' } })).toMatchObject({ status: 412 });
    } finally {
      await own.remove();
    }
  });
});

describe('a password that was generated', () => {
  it('is to be changed, which one’s own change settles', async () => {
    const { json } = await gatehouse.admin('/admins', { body: { username: 'newcomer', role: 'viewer' } });
    const password = json['password'] as string;
    const browser = await signIn('newcomer', password);
    expect((await whoAmI(browser)).json).toMatchObject({ mustChangePassword: true });
    await browser.ask(api('/admins/me/password'), { body: { currentPassword: password, newPassword: 'my own long password' } });
    expect((await whoAmI(browser)).json).toMatchObject({ mustChangePassword: false });
  });

  it('is so for the first owner', async () => {
    const own = await startTestGatehouse({ env: { ADMIN_PASSWORD: '' } });
    try {
      const body = { username: 'admin', password: own.firstOwner?.generatedPassword };
      const answer = await new TestBrowser().ask(`${own.url}/api/v1/session`, { body });
      expect(answer).toMatchObject({ status: 201, json: { mustChangePassword: true } });
    } finally {
      await own.remove();
    }
  });
});

describe('the lifetime of a session', () => {
  it('is bounded when idle, and whatever happens', async () => {
    const time = settableClock();
    const own = await startTestGatehouse({ clock: time.clock, env: { SESSION_IDLE_TTL: '7200', SESSION_TTL: '36000' } });
    try {
      const url = `${own.url}/api/v1/session`;
      const begin = async () => {
        const browser = new TestBrowser();
        expect((await browser.ask(url, { body: { username: 'admin', password: PASSWORD } })).status).toBe(201);
        return browser;
      };
      const [idle, busy] = [await begin(), await begin()];
      for (let hours = 1; hours <= 9; hours++) {
        time.advance(HOUR);
        expect([hours, (await busy.ask(url)).status]).toEqual([hours, 200]);
      }
      expect((await idle.ask(url)).status).toBe(401);
      time.advance(HOUR);
      expect((await busy.ask(url)).status).toBe(401);
    } finally {
      await own.remove();
    }
  });
});

describe('two replicas', () => {
  let replicas: Replicas;
  beforeAll(async () => {
    build();
    replicas = await startReplicas();
  }, 120_000);
  afterAll(() => replicas.remove());

  it('know a session at once, and its end within a second', async () => {
    const browser = new TestBrowser();
    const [first, second] = [replicas.first, replicas.second].map(({ url }) => `${url}/api/v1/session`) as [string, string];
    await browser.ask(first, { body: { username: 'admin', password: PASSWORD } });
    for (let i = 0; i < 3; i++) expect((await browser.ask(second)).status).toBe(200);
    const kept = browser.cookieHeader(first);
    await browser.ask(first, { method: 'DELETE' });
    const endedAt = Date.now();
    await eventually(async () => expect((await ask(second, { headers: { cookie: kept } })).status).toBe(401));
    expect(Date.now() - endedAt).toBeLessThan(1250);
  });
});

describe('with the database away', () => {
  it('a warm session goes on until its state is too old to be trusted; nothing fails open', async () => {
    const own = await startTestGatehouse({ env: { STATE_MAX_STALENESS: '3' } });
    try {
      const url = `${own.url}/api/v1/session`;
      const browser = new TestBrowser();
      await browser.ask(url, { body: { username: 'admin', password: PASSWORD } });
      await changesToldTwice(own);
      await browser.ask(url);
      await own.app.get(DataSource).destroy();
      expect((await browser.ask(url)).status).toBe(200);
      expect((await new TestBrowser().ask(url, { body: { username: 'admin', password: PASSWORD } })).status).toBe(503);
      await eventually(async () => expect(await browser.ask(url)).toMatchObject({ status: 503, json: { code: 'unavailable' } }));
    } finally {
      await own.remove();
    }
  });
});
