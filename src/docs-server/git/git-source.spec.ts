import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { EgressClient } from '../../egress/egress-client.js';
import { EgressPolicy } from '../../egress/egress-policy.js';
import { type GitHost, startGitHost } from '../../../test/support/git-host.js';
import { folderIn, GitSource, type GitSourceOptions, isBranchName } from './git-source.js';

let root: string;
let host: GitHost;
let source: GitSource | undefined;
let count = 0;
const open = new EgressClient(new EgressPolicy(['127.0.0.0/8']));
const closed = new EgressClient(new EgressPolicy([]));

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'git-source-'));
  host = await startGitHost(join(root, 'host'));
  host.commit({ 'docs/index.md': '# First\n', 'docs/old.md': 'old\n' });
});

afterEach(async () => {
  await source?.stop();
  source = undefined;
});

afterAll(async () => {
  await host.close();
  await open.close();
  await closed.close();
  rmSync(root, { recursive: true, force: true });
});

interface Following {
  readonly dir: string;
  readonly faults: string[];
  readonly pulls: number;
}

function follow(options: Partial<GitSourceOptions> = {}): Following {
  const dir = join(root, `checkout-${count++}`);
  const faults: string[] = [];
  let pulls = 0;
  source = new GitSource({
    url: host.url,
    dir,
    findAddresses: (url) => open.addressesOf(url),
    onPull: () => {
      pulls++;
    },
    onFault: (fault) => faults.push(fault),
    ...options,
  });
  source.start();
  return {
    dir,
    faults,
    get pulls() {
      return pulls;
    },
  };
}

async function until(isSo: () => boolean): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!isSo() && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(isSo()).toBe(true);
}

describe('GitSource', () => {
  it('checks out a repository, and follows it when it is woken', async () => {
    const following = follow();
    await until(() => following.pulls === 1);
    expect(readFileSync(join(following.dir, 'docs/index.md'), 'utf8')).toBe('# First\n');
    const commit = host.commit({ 'docs/index.md': '# Second\n' });
    source?.wake();
    await until(() => following.pulls === 2);
    expect(readFileSync(join(following.dir, 'docs/index.md'), 'utf8')).toBe('# Second\n');
    expect(source?.status()).toMatchObject({ commit, fault: null, branch: null });
  });

  it('takes the branch that it is told to', async () => {
    const commit = host.commit({ 'docs/branch.md': 'x\n' }, 'release/1.0');
    host.commit({ 'docs/index.md': '# Main\n' }, 'main');
    const following = follow({ branch: 'release/1.0' });
    await until(() => following.pulls === 1);
    expect(source?.status().commit).toBe(commit);
  });

  it('says why it cannot pull, once, and keeps what it has', async () => {
    const following = follow();
    await until(() => following.pulls === 1);
    const { commit } = source?.status() ?? {};
    await source?.stop();
    const broken = follow({ branch: 'nope' });
    await until(() => broken.faults.length === 1);
    expect(broken.faults[0]).toMatch(/couldn't find remote ref nope/);
    source?.wake();
    await until(() => host.visits > 0);
    expect(broken.faults).toHaveLength(1);
    expect(commit).toMatch(/^[0-9a-f]{40}$/);
    expect(existsSync(join(following.dir, 'docs/index.md'))).toBe(true);
  });

  it.each([
    ['an address that is not public', 'http://127.0.0.1:1/docs.git'],
    ['plain http:', 'http://example.com/docs.git'],
    ['a file', 'file:///etc'],
    ['a command', 'ext::sh -c id'],
    ['SSH', 'ssh://git@example.com/docs.git'],
    ['a user and password', 'https://user:password@example.com/docs.git'],
  ])('goes to no %s without being allowed to', async (_, url) => {
    const following = follow({ url, findAddresses: (target) => closed.addressesOf(target) });
    await until(() => following.faults.length === 1);
    expect(existsSync(following.dir)).toBe(false);
  });

  it('follows no redirect', async () => {
    const away = createServer((request, response) => {
      response.writeHead(302, { location: `${host.url}${(request.url ?? '').replace('/docs.git', '')}` }).end();
    });
    await new Promise<void>((resolve) => away.listen(0, '127.0.0.1', resolve));
    const following = follow({ url: `http://127.0.0.1:${(away.address() as AddressInfo).port}/docs.git` });
    await until(() => following.faults.length === 1);
    expect(following.pulls).toBe(0);
    await new Promise((resolve) => away.close(resolve));
  });

  describe('a repository that asks for a token', () => {
    let closedHost: GitHost;
    beforeAll(async () => {
      closedHost = await startGitHost(join(root, 'closed-host'));
      closedHost.commit({ 'index.md': '# Closed\n' });
      closedHost.protect('deploy', 'first-token');
    });
    afterAll(() => closedHost.close());

    it('is pulled with it, leaves it nowhere, and says so when it is not accepted', async () => {
      const following = follow({ url: closedHost.url, auth: { username: 'deploy', token: 'first-token' } });
      await until(() => following.pulls === 1);
      const kept = readdirSync(following.dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
      const texts = kept.map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1')).join();
      expect(texts).not.toContain('first-token');
      expect(texts).not.toContain(Buffer.from('deploy:first-token').toString('base64'));
      closedHost.protect('deploy', 'second-token');
      source?.wake();
      await until(() => following.faults.length === 1);
      expect(following.faults[0]).toMatch(/: the host asks for a user name and token, or does not accept those that it was given$/);
      const commit = closedHost.commit({ 'index.md': '# Closed still\n' });
      source?.follow({ auth: { username: 'deploy', token: 'second-token' } });
      await until(() => following.pulls === 2);
      expect(source?.status()).toMatchObject({ commit, fault: null });
    });

    it('is not pulled without', async () => {
      const following = follow({ url: closedHost.url });
      await until(() => following.faults.length === 1);
      expect(following.pulls).toBe(0);
    });
  });

  it('goes on where a git that was killed left its locks, or broke what it had', async () => {
    const following = follow();
    await until(() => following.pulls === 1);
    for (const name of ['index.lock', 'shallow.lock']) writeFileSync(join(following.dir, '.git', name), '');
    host.commit({ 'docs/index.md': '# Unlocked\n' });
    source?.wake();
    await until(() => following.pulls === 2);
    writeFileSync(join(following.dir, '.git/index'), 'broken');
    source?.wake();
    await until(() => following.faults.length === 1);
    host.commit({ 'docs/index.md': '# Mended\n' });
    source?.wake();
    await until(() => following.pulls === 3);
    expect(readFileSync(join(following.dir, 'docs/index.md'), 'utf8')).toBe('# Mended\n');
  });

  it('stops while it pulls', async () => {
    follow();
    await source?.stop();
    expect(source?.status().fault).toBeNull();
  });
});

describe('isBranchName', () => {
  it.each(['main', 'release/1.0', 'v1.2.3', 'feature_x'])('takes %s', (name) => expect(isBranchName(name)).toBe(true));
  it.each(['-x', '--upload-pack=x', 'a..b', 'a b', 'a:b', '', 'x.lock', 'a//b', '@{-1}'])('takes no %s', (name) =>
    expect(isBranchName(name)).toBe(false),
  );
});

describe('folderIn', () => {
  it.each([
    [undefined, '.'],
    ['docs', 'docs'],
    ['/docs/x/', 'docs/x/'],
    ['../x', undefined],
    ['docs/../../x', undefined],
    ['.git/hooks', undefined],
  ])('makes of %s %s', (path, folder) => expect(folderIn(path)).toBe(folder));
});
