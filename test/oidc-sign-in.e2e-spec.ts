import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { Admin } from '../src/admin/admin.entity.js';
import { TestBrowser } from './support/browser.js';
import { eventually } from './support/eventually.js';
import { freePort } from './support/free-port.js';
import { type Answer, startTestGatehouse, type TestGatehouse } from './support/gatehouse.js';
import { CLIENT, type IdentityProvider, type Person, type ProviderOptions, startIdentityProvider } from './support/identity-provider.js';

const GRACE = { sub: 'u-1', preferred_username: 'Grace.Hopper', groups: ['staff', 'platform'] };

interface Scene {
  readonly gatehouse: TestGatehouse;
  readonly provider: IdentityProvider;
  /** Signs somebody in, in a browser of their own unless one is given; `path` is where that ended. */
  signIn(person: Person | null, how?: { browser?: TestBrowser; returnTo?: string }): Promise<{ browser: TestBrowser; path: string }>;
  end(): Promise<void>;
}

/** Each must know the other's URL before it starts, and meanwhile somebody else may take the port: then with another one. */
async function setScene(env: Record<string, string> = {}, options: Partial<ProviderOptions> = {}, attempts = 5): Promise<Scene> {
  try {
    return await attemptScene(env, options);
  } catch (error) {
    if (attempts <= 1 || !/port \d+ is taken/.test((error as Error).message)) throw error;
    return setScene(env, options, attempts - 1);
  }
}

async function attemptScene(env: Record<string, string>, options: Partial<ProviderOptions>): Promise<Scene> {
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const provider = await startIdentityProvider({ gatehouseUrl: url, ...options });
  const gatehouse = await startTestGatehouse({
    port,
    env: {
      OIDC_ISSUER: provider.issuer,
      OIDC_CLIENT_ID: CLIENT.id,
      OIDC_CLIENT_SECRET: CLIENT.secret,
      OIDC_ROLES: 'admins=owner, platform=operator, staff=viewer',
      ...env,
    },
  }).catch(async (error: unknown) => {
    await provider.close();
    throw error;
  });
  const isPage = (target: string) => target.startsWith(`${url}/dashboard`) && !target.includes('/sign-in/oidc');
  return {
    gatehouse,
    provider,
    signIn: async (person, { browser = new TestBrowser(), returnTo } = {}) => {
      provider.present = person;
      const query = returnTo === undefined ? '' : `?returnTo=${encodeURIComponent(returnTo)}`;
      const visit = await browser.go(`${url}/dashboard/sign-in/oidc${query}`, isPage);
      return { browser, path: visit.url.slice(url.length) };
    },
    end: async () => {
      await gatehouse.remove();
      await provider.close();
    },
  };
}

const whoAmI = (scene: Scene, browser: TestBrowser): Promise<Answer> => browser.ask(`${scene.gatehouse.url}/api/v1/session`);
const events = async (scene: Scene, kind: string): Promise<Record<string, unknown>[]> =>
  (await scene.gatehouse.admin(`/events?kind=${kind}`)).json['items'] as Record<string, unknown>[];

describe('sign-in through an OpenID Connect provider', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await setScene();
  });
  afterAll(() => scene.end());

  it('is offered to the sign-in page', async () => {
    const options = await new TestBrowser().ask(`${scene.gatehouse.url}/api/v1/session/options`);
    expect(options.json).toEqual({ oidc: { label: 'Single sign-on', url: '/dashboard/sign-in/oidc' } });
  });

  it('makes an admin with the greatest role of the claim, and a session, and comes back to where it began', async () => {
    const { browser, path } = await scene.signIn(GRACE, { returnTo: '/dashboard/credentials?status=enabled' });
    expect(path).toBe('/dashboard/credentials?status=enabled');
    expect((await whoAmI(scene, browser)).json).toMatchObject({
      name: 'grace.hopper',
      role: 'operator',
      kind: 'admin',
      mustChangePassword: false,
      session: { method: 'oidc' },
    });
    const [created] = await events(scene, 'admin.created');
    expect(created).toMatchObject({ actor: 'oidc', detail: { username: 'grace.hopper', role: 'operator' } });
    const admins = (await scene.gatehouse.admin('/admins')).json['items'] as Record<string, unknown>[];
    expect(admins).toContainEqual(expect.objectContaining({ username: 'grace.hopper', signsInBy: 'oidc', createdBy: 'oidc' }));
  });

  it('knows them again, by subject and not by name', async () => {
    const { browser } = await scene.signIn({ ...GRACE, preferred_username: 'another' });
    expect((await whoAmI(scene, browser)).json).toMatchObject({ name: 'grace.hopper' });
  });

  it('asks with code, PKCE, state and nonce, and with a cookie that other sites’ pages cannot read', async () => {
    const start = await new TestBrowser().ask(`${scene.gatehouse.url}/dashboard/sign-in/oidc`);
    expect(start.status).toBe(303);
    const url = new URL(start.headers.get('location') ?? '');
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      response_type: 'code',
      code_challenge_method: 'S256',
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      redirect_uri: `${scene.gatehouse.url}/dashboard/sign-in/oidc/callback`,
    });
    expect(start.headers.get('set-cookie')).toMatch(/^gatehouse-oidc-\d+=v1\.[\w-]+; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax$/);
    expect(start.headers.get('set-cookie')).not.toContain(url.searchParams.get('state') ?? '?');
  });

  it('lets nobody in without a role, and makes no admin', async () => {
    const { browser, path } = await scene.signIn({ sub: 'u-2', preferred_username: 'mallory', groups: ['strangers'] });
    expect(path).toBe('/dashboard/sign-in?error=oidc_no_role');
    expect((await whoAmI(scene, browser)).status).toBe(401);
    expect((await scene.gatehouse.admin('/admins')).text).not.toContain('mallory');
  });

  it('follows the claim: another role ends the older sessions, none ends them all', async () => {
    const ada = { sub: 'u-3', preferred_username: 'ada', groups: ['platform'] };
    const first = await scene.signIn(ada);
    const second = await scene.signIn({ ...ada, groups: ['staff'] });
    expect((await whoAmI(scene, first.browser)).status).toBe(401);
    expect((await whoAmI(scene, second.browser)).json).toMatchObject({ name: 'ada', role: 'viewer' });
    expect((await scene.signIn({ ...ada, groups: [] })).path).toBe('/dashboard/sign-in?error=oidc_no_role');
    expect((await whoAmI(scene, second.browser)).status).toBe(401);
  });

  it('gives nobody the name, let alone the rights, of somebody who is there', async () => {
    const { browser } = await scene.signIn({ sub: 'u-4', preferred_username: 'admin', groups: ['staff'] });
    expect((await whoAmI(scene, browser)).json).toMatchObject({ name: 'admin-2', role: 'viewer' });
  });

  it('opens nothing to a password, and leaves role and password to the provider', async () => {
    const admins = (await scene.gatehouse.admin('/admins')).json['items'] as { id: string; username: string }[];
    const { id } = admins.find(({ username }) => username === 'grace.hopper')!;
    expect((await scene.gatehouse.admin('/admins/me', { user: 'grace.hopper', password: '' })).status).toBe(401);
    for (const body of [{ role: 'owner' }, { password: 'a new long password' }]) {
      expect(await scene.gatehouse.admin(`/admins/${id}`, { method: 'PATCH', body })).toMatchObject({
        status: 409,
        json: { code: 'conflict' },
      });
    }
  });

  it('keeps a disabled admin out, whatever the provider says', async () => {
    const eve = { sub: 'u-5', preferred_username: 'eve', groups: ['platform'] };
    const { browser } = await scene.signIn(eve);
    const { id } = (await whoAmI(scene, browser)).json as { id: string };
    expect((await scene.gatehouse.admin(`/admins/${id}/disable`, { method: 'POST' })).json).toMatchObject({ status: 'disabled' });
    expect((await whoAmI(scene, browser)).status).toBe(401);
    expect((await scene.signIn(eve)).path).toBe('/dashboard/sign-in?error=oidc_disabled');
    await scene.gatehouse.admin(`/admins/${id}/enable`, { method: 'POST' });
    expect((await scene.signIn(eve)).path).toBe('/dashboard');
  });

  it('says so where the provider’s page was left by “no”', async () => {
    expect((await scene.signIn(null)).path).toBe('/dashboard/sign-in?error=oidc_denied');
    const reasons = async () => (await events(scene, 'admin.sign_in_failed')).map(({ detail }) => (detail as { reason?: string }).reason);
    await eventually(async () => expect(await reasons()).toContain('oidc_denied'));
  });

  it('comes back to pages of its own only', async () => {
    for (const returnTo of ['https://evil.example', '//evil.example', '/dashboard/../api/docs', '/dashboard\\@evil', '/dashboardx']) {
      expect((await scene.signIn(GRACE, { returnTo })).path).toBe('/dashboard');
    }
  });

  it('signs out of the provider too', async () => {
    const { browser } = await scene.signIn(GRACE);
    const answer = await browser.ask(`${scene.gatehouse.url}/api/v1/session`, { method: 'DELETE' });
    const url = new URL(answer.json['signOutUrl'] as string);
    expect(url.origin).toBe(scene.provider.issuer);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      client_id: CLIENT.id,
      post_logout_redirect_uri: `${scene.gatehouse.url}/dashboard/sign-in`,
    });
    const page = await browser.go(url.href);
    expect([page.status, page.text]).toEqual([200, expect.stringMatching(/sign-out|logout/i)]);
    expect((await whoAmI(scene, browser)).status).toBe(401);
  });

  it('writes neither code nor token nor secret into the trail', async () => {
    const { text } = await scene.gatehouse.admin('/events?limit=200');
    expect(text).not.toMatch(/eyJ|code=|mgs_/);
    expect(text).not.toContain(CLIENT.secret);
  });
});

describe('what comes back from a provider', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await setScene();
    scene.provider.present = GRACE;
  });
  afterAll(() => scene.end());

  /** Goes through the provider up to the callback, and stops before it. */
  const toCallback = async (browser: TestBrowser): Promise<string> => {
    const { url } = await browser.go(`${scene.gatehouse.url}/dashboard/sign-in/oidc`, (target) => target.includes('/callback?'));
    return url;
  };
  const outcome = async (browser: TestBrowser, url: string): Promise<string | null> => (await browser.ask(url)).headers.get('location');
  const failed = (code: string): string => `${scene.gatehouse.url}/dashboard/sign-in?error=${code}`;

  it('is refused in a browser that began nothing', async () => {
    const url = await toCallback(new TestBrowser());
    expect(await outcome(new TestBrowser(), url)).toBe(failed('oidc_expired'));
  });

  it('is refused in a browser that began another sign-in (state)', async () => {
    const [victim, attacker] = [new TestBrowser(), new TestBrowser()];
    await victim.ask(`${scene.gatehouse.url}/dashboard/sign-in/oidc`);
    expect(await outcome(victim, await toCallback(attacker))).toBe(failed('oidc_failed'));
    expect((await whoAmI(scene, victim)).status).toBe(401);
  });

  it('counts once', async () => {
    const browser = new TestBrowser();
    const url = await toCallback(browser);
    const flow = [...browser.cookies(url)].find(([name]) => name.startsWith('gatehouse-oidc'))!;
    expect(await outcome(browser, url)).toBe(`${scene.gatehouse.url}/dashboard`);
    expect(await outcome(browser, url)).toBe(failed('oidc_expired'));
    browser.setCookie(url, ...flow);
    expect(await outcome(browser, url)).toBe(failed('oidc_failed'));
  });

  it('is refused with a cookie that was not sealed here', async () => {
    const browser = new TestBrowser();
    const url = await toCallback(browser);
    const [name] = [...browser.cookies(url)].find(([one]) => one.startsWith('gatehouse-oidc'))!;
    browser.setCookie(url, name, 'v1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA');
    expect(await outcome(browser, url)).toBe(failed('oidc_expired'));
  });

  it('is slowed for an address that goes on and on', async () => {
    const own = await setScene({ RATE_LIMIT_SIGN_IN_FAILURES: '10' });
    try {
      const statuses = new Set<number>();
      for (let i = 0; i < 61; i++)
        statuses.add((await new TestBrowser().ask(`${own.gatehouse.url}/dashboard/sign-in/oidc/callback`)).status);
      expect([...statuses]).toEqual([303, 429]);
    } finally {
      await own.end();
    }
  });
});

describe('providers differ', () => {
  it('takes nested claims of the ID token, and a secret in the body', async () => {
    const scene = await setScene({ OIDC_ROLE_CLAIM: 'realm_access.roles' }, { claimsInIdToken: true, authMethod: 'client_secret_post' });
    try {
      const { browser, path } = await scene.signIn({ sub: 'u-1', preferred_username: 'grace', realm_access: { roles: ['admins'] } });
      expect(path).toBe('/dashboard');
      expect((await whoAmI(scene, browser)).json).toMatchObject({ name: 'grace', role: 'owner' });
      expect(scene.provider.requests).not.toContain('GET /me');
    } finally {
      await scene.end();
    }
  });

  it('takes no owner’s role away where there would be none left', async () => {
    const scene = await setScene();
    try {
      const grace = { sub: 'u-1', preferred_username: 'grace', groups: ['admins'] };
      const { browser } = await scene.signIn(grace);
      const admins = (await scene.gatehouse.admin('/admins')).json['items'] as { id: string; username: string }[];
      const { id } = admins.find(({ username }) => username === 'admin')!;
      expect((await browser.ask(`${scene.gatehouse.url}/api/v1/admins/${id}`, { method: 'DELETE' })).status).toBe(204);
      expect((await scene.signIn({ ...grace, groups: ['staff'] })).path).toBe('/dashboard/sign-in?error=oidc_last_owner');
      expect((await whoAmI(scene, browser)).json).toMatchObject({ role: 'owner' });
    } finally {
      await scene.end();
    }
  });

  it('makes one admin of two first sign-ins at once', async () => {
    const scene = await setScene();
    try {
      const outcomes = await Promise.all([scene.signIn(GRACE), scene.signIn(GRACE)]);
      expect(outcomes.map(({ path }) => path)).toEqual(['/dashboard', '/dashboard']);
      expect(await scene.gatehouse.app.get(DataSource).getRepository(Admin).countBy({ createdBy: 'oidc' })).toBe(1);
    } finally {
      await scene.end();
    }
  });

  it('goes out through the egress guard only: a network that EGRESS_ALLOW does not name is not asked', async () => {
    const scene = await setScene({ EGRESS_ALLOW: '10.0.0.0/8' });
    try {
      expect((await scene.signIn(GRACE)).path).toBe('/dashboard/sign-in?error=oidc_failed');
      expect(scene.provider.requests).toEqual([]);
    } finally {
      await scene.end();
    }
  });

  it('says that it failed while the provider is away, and works again when it is back', async () => {
    const scene = await setScene();
    try {
      await scene.provider.close();
      expect((await scene.signIn(GRACE)).path).toBe('/dashboard/sign-in?error=oidc_failed');
      const again = await startIdentityProvider({ gatehouseUrl: scene.gatehouse.url, port: Number(new URL(scene.provider.issuer).port) });
      try {
        again.present = GRACE;
        const signIn = () => new TestBrowser().go(`${scene.gatehouse.url}/dashboard/sign-in/oidc`, (url) => url.endsWith('/dashboard'));
        await eventually(async () => expect((await signIn()).url).toBe(`${scene.gatehouse.url}/dashboard`));
      } finally {
        await again.close();
      }
    } finally {
      await scene.end();
    }
  });

  it('is not there where it is not set up', async () => {
    const gatehouse = await startTestGatehouse();
    try {
      for (const path of ['/dashboard/sign-in/oidc', '/dashboard/sign-in/oidc/callback?code=x&state=y']) {
        expect(await new TestBrowser().ask(gatehouse.url + path)).toMatchObject({ status: 404, json: { code: 'not_found' } });
      }
    } finally {
      await gatehouse.remove();
    }
  });
});
