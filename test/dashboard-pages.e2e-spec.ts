import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, brotliDecompressSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ask, startTestGatehouse, type TestGatehouse } from './support/gatehouse.js';

const INDEX = '<!doctype html><title>Gatehouse</title><script type="module" src="/dashboard/assets/index-x1.js"></script>';
const SCRIPT = `console.log(${JSON.stringify('gate'.repeat(500))});`;

interface RawAnswer {
  readonly status: number | undefined;
  readonly headers: Record<string, unknown>;
  readonly body: Buffer;
}

/** A path as it is written, and the body as it comes: fetch would tidy up the one and decode the other. */
const raw = (base: string, path: string, headers: Record<string, string> = {}): Promise<RawAnswer> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(base);
    request({ hostname, port, path, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) }));
    })
      .on('error', reject)
      .end();
  });

describe('the dashboard’s pages', () => {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-pages-'));
  let gatehouse: TestGatehouse;
  beforeAll(async () => {
    mkdirSync(join(dir, 'assets'));
    mkdirSync(join(dir, '.vite'));
    writeFileSync(join(dir, 'index.html'), INDEX);
    writeFileSync(join(dir, 'favicon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
    writeFileSync(join(dir, 'assets', 'index-x1.js'), SCRIPT);
    writeFileSync(join(dir, 'assets', 'index-x1.js.br'), brotliCompressSync(SCRIPT));
    writeFileSync(join(dir, 'assets', 'index-x1.js.gz'), gzipSync(SCRIPT));
    writeFileSync(join(dir, '.vite', 'manifest.json'), '{}');
    writeFileSync(join(dir, 'notes.unknown'), 'not for anybody');
    gatehouse = await startTestGatehouse({ env: { DASHBOARD_DIR: dir } });
  });
  afterAll(async () => {
    await gatehouse.remove();
    rmSync(dir, { recursive: true, force: true });
  });
  const page = (path: string, headers: Record<string, string> = {}) => ask(gatehouse.url + path, { headers });

  it('stand at /dashboard, where / leads', async () => {
    const home = await page('/');
    expect([home.status, home.headers.get('location')]).toEqual([302, '/dashboard']);
    const index = await page('/dashboard');
    expect([index.status, index.headers.get('content-type'), index.text]).toEqual([200, 'text/html; charset=utf-8', INDEX]);
  });

  it.each(['/dashboard/', '/dashboard/credentials/01KAX2V7Q5J8Z3W6H0F9K2P4SA?tab=usage', '/dashboard/servers/a.b', '/dashboard/sign-in'])(
    'are one page at every deep link: %s',
    async (path) => {
      const answer = await page(path);
      expect([answer.status, answer.text, answer.headers.get('cache-control')]).toEqual([200, INDEX, 'no-cache']);
    },
  );

  it('allow no script, style, frame or host but their own', async () => {
    const { headers } = await page('/dashboard');
    const policy = Object.fromEntries(
      (headers.get('content-security-policy') ?? '').split('; ').map((directive) => {
        const [name = '', ...sources] = directive.split(' ');
        return [name, sources.join(' ')];
      }),
    );
    expect(policy).toMatchObject({
      'default-src': "'none'",
      'script-src': "'self'",
      'style-src': "'self'",
      'connect-src': "'self'",
      'frame-ancestors': "'none'",
      'base-uri': "'none'",
      'form-action': "'self'",
    });
    expect(JSON.stringify(policy)).not.toMatch(/unsafe|https?:|\*/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('permissions-policy')).toContain('camera=()');
    expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
  });

  it('are kept for ever where their name holds a hash, and asked for again where it does not', async () => {
    expect((await page('/dashboard/assets/index-x1.js')).headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    const icon = await page('/dashboard/favicon.svg');
    expect([icon.headers.get('cache-control'), icon.headers.get('content-type')]).toEqual(['no-cache', 'image/svg+xml']);
    const etag = icon.headers.get('etag') ?? '';
    for (const tag of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const again = await page('/dashboard/favicon.svg', { 'if-none-match': tag });
      expect([tag, again.status, again.text, again.headers.get('etag')]).toEqual([tag, 304, '', etag]);
    }
    expect((await page('/dashboard/favicon.svg', { 'if-none-match': '"other"' })).status).toBe(200);
  });

  it('go out compressed as they were built, to whoever takes that', async () => {
    const script = '/dashboard/assets/index-x1.js';
    const brotli = await raw(gatehouse.url, script, { 'accept-encoding': 'gzip, br' });
    expect([brotli.headers['content-encoding'], brotli.headers['vary']]).toEqual(['br', 'Accept-Encoding']);
    expect(brotliDecompressSync(brotli.body).toString()).toBe(SCRIPT);
    const plain = await raw(gatehouse.url, script);
    expect([plain.headers['content-encoding'], plain.body.toString()]).toEqual([undefined, SCRIPT]);
    expect((await page('/dashboard/assets/index-x1.js', { 'accept-encoding': 'gzip' })).text).toBe(SCRIPT);
  });

  it('answer HEAD as GET without the body', async () => {
    const head = await ask(`${gatehouse.url}/dashboard`, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length'), head.text]).toEqual([200, String(INDEX.length), '']);
  });

  it.each(['index-old.js', 'index-x1.js.br', '', '%2e%2e/index.html', '../index.html'])(
    'are not where there is no such file: assets/%s',
    async (name) => {
      const { status, body } = await raw(gatehouse.url, `/dashboard/assets/${name}`);
      expect([status, (JSON.parse(body.toString()) as { code: string }).code]).toEqual([404, 'not_found']);
    },
  );

  it.each(['.vite/manifest.json', 'notes.unknown', '%2e%2e/%2e%2e/package.json', '../../package.json', '..%2f..%2fpackage.json', '%00'])(
    'give nothing else away: %s',
    async (path) => {
      const { status, body } = await raw(gatehouse.url, `/dashboard/${path}`);
      expect([status, body.toString()]).toEqual([200, INDEX]);
    },
  );

  it('take no changes', async () => {
    const answer = await ask(`${gatehouse.url}/dashboard`, { method: 'POST' });
    expect([answer.status, answer.json['code'], answer.headers.get('allow')]).toEqual([405, 'method_not_allowed', 'GET, HEAD']);
  });
});

describe('a dashboard that is not built', () => {
  it('says how to build it, in a problem document', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'gatehouse-no-pages-'));
    const gatehouse = await startTestGatehouse({ env: { DASHBOARD_DIR: dir } });
    try {
      for (const path of ['/dashboard', '/dashboard/credentials', '/dashboard/assets/x.js']) {
        const answer = await ask(gatehouse.url + path);
        expect([answer.status, answer.headers.get('content-type')]).toEqual([404, 'application/problem+json; charset=utf-8']);
        expect(answer.json['detail']).toMatch(/npm run build/);
      }
    } finally {
      await gatehouse.remove();
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
