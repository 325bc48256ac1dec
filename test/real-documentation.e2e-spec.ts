import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { startTestGatehouse, type TestGatehouse } from './support/gatehouse.js';
import { eventually } from './support/eventually.js';

interface Hit {
  readonly path: string;
  readonly heading: string;
}

/** Documentation that others wrote, as it ships in their packages, through the official client. */
describe.each([
  { name: 'pino', pages: 14, query: 'redact', finds: 'redaction', title: /redact/i, grep: 'grep -rli multistream / | sort | head -n 5' },
  {
    name: 'fastify',
    pages: 40,
    query: 'addContentTypeParser',
    finds: 'Reference/ContentTypeParser',
    title: /content.?type/i,
    grep: 'grep -rli trustProxy / | sort | head -n 5',
  },
])('the documentation of $name', ({ name, pages, query, finds, title, grep }) => {
  let gatehouse: TestGatehouse;
  let client: Client;
  beforeAll(async () => {
    const dir = join(process.cwd(), 'node_modules', name, 'docs');
    gatehouse = await startTestGatehouse({ docs: {}, env: { DOCS_DIR: dir, DOCS_NAME: name, DOCS_PUBLIC: 'all' } });
    await eventually(async () => {
      const { json } = await gatehouse.admin('/servers/docs/docs');
      expect(json).toMatchObject({ isIndexing: false, faults: [] });
      expect(json['pages']).toBeGreaterThanOrEqual(pages);
    }, 30_000);
    client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: 'auto' } });
    await client.connect(new StreamableHTTPClientTransport(new URL(`${gatehouse.url}/mcp`)));
  });
  afterAll(async () => {
    await client.close();
    await gatehouse.remove();
  });

  const call = async <T>(tool: string, values: Record<string, unknown>): Promise<T> =>
    (await client.callTool({ name: `${tool}_${name}`, arguments: values })).structuredContent as T;

  it('is searched', async () => {
    const { results } = await call<{ results: Hit[] }>('search', { query, limit: 10 });
    expect(results.map(({ path }) => path)).toContain(finds);
  });

  it('is read, every page that is listed', async () => {
    const uris: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await client.listResources(cursor === undefined ? {} : { cursor });
      uris.push(...page.resources.map(({ uri }) => uri).filter((uri) => uri.startsWith('docs://')));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect(uris.length).toBeGreaterThanOrEqual(pages);
    for (const uri of uris) {
      const { contents } = await client.readResource({ uri });
      expect(contents).toMatchObject([{ uri, mimeType: 'text/markdown', text: expect.stringMatching(/\S/) }]);
    }
    expect(await call('read', { path: finds })).toMatchObject({ path: finds, title: expect.stringMatching(title) });
  });

  it('is a folder of files', async () => {
    const { stdout, exitCode } = await call<{ stdout: string; exitCode: number }>('query_docs_filesystem', { command: grep });
    expect([exitCode, stdout.split('\n').filter((line) => line.endsWith('.md')).length > 0]).toEqual([0, true]);
    const listed = await call<{ stdout: string }>('query_docs_filesystem', { command: 'find / -name "*.md" | wc -l' });
    expect(Number(listed.stdout)).toBeGreaterThanOrEqual(pages);
  });

  it('is published', async () => {
    const list = await (await fetch(`${gatehouse.url}/llms.txt`)).text();
    expect(list.match(/^- \[/gm)?.length).toBeGreaterThanOrEqual(pages);
    expect((await (await fetch(`${gatehouse.url}/llms-full.txt`)).text()).length).toBeGreaterThan(50_000);
  });
});
