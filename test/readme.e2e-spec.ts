import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Answer, ask, basic, PASSWORD, startTestGatehouse, type TestGatehouse } from './support/gatehouse.js';

const README = readFileSync('README.md', 'utf8');

/** The curl commands of the README, in order, each on one line. */
const commands = [...README.matchAll(/```sh\n([\s\S]*?)```/g)]
  .flatMap(([, block]) => (block ?? '').replace(/\\\n\s*/g, '').split('\n'))
  .filter((line) => line.startsWith('curl '));

/** Does what curl does with the options that the README uses. */
function curl(command: string, origin: string, variables: Record<string, string>): Promise<Answer> {
  const filled = command.replace(/\$(\w+)/g, (_, name: string) => variables[name] ?? '').replaceAll('http://localhost:3000', origin);
  const words = [...filled.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)]
    .map(([, single, double, bare]) => single ?? double ?? bare ?? '')
    .slice(1);
  const headers: Record<string, string> = {};
  let url = '';
  let body: string | undefined;
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    const value = words[i + 1] ?? '';
    if (word === '-u')
      headers['authorization'] = value.includes(':') ? `Basic ${Buffer.from(value).toString('base64')}` : basic(value, PASSWORD);
    else if (word === '-H') headers[value.split(': ')[0] ?? ''] = value.slice(value.indexOf(': ') + 2);
    else if (word === '-d') body = value;
    else url = word;
    if (word.startsWith('-')) i++;
  }
  const isTyped = Object.keys(headers).some((name) => name.toLowerCase() === 'content-type');
  if (body !== undefined && !isTyped) headers['content-type'] = 'application/x-www-form-urlencoded';
  return ask(url, { method: body === undefined ? 'GET' : 'POST', headers, ...(body === undefined ? {} : { body }) });
}

describe('the README', () => {
  let gatehouse: TestGatehouse;
  beforeAll(async () => {
    gatehouse = await startTestGatehouse({ env: { DOCS_DIR: 'docs' } });
  });
  afterAll(() => gatehouse.remove());

  it('leads from a credential to a token to a call, by its own commands', async () => {
    expect(commands).toHaveLength(3);
    const [create = '', token = '', call = ''] = commands;
    const created = await curl(create, gatehouse.url, {});
    expect(created).toMatchObject({ status: 201, json: { label: 'my first credential' } });
    const variables: Record<string, string> = {
      CLIENT_ID: created.json['clientId'] as string,
      CLIENT_SECRET: created.json['clientSecret'] as string,
    };
    const issued = await curl(token, gatehouse.url, variables);
    expect(issued).toMatchObject({ status: 200, json: { token_type: 'Bearer', expires_in: 3600, scope: 'mcp:search mcp:read' } });
    const answer = await curl(call, gatehouse.url, { ...variables, TOKEN: issued.json['access_token'] as string });
    expect(answer.status).toBe(200);
    expect(answer.text).toContain('Rotat');
    expect((await curl(call, gatehouse.url, { TOKEN: 'x' })).status).toBe(401);
  });

  it('is short, and names the two commands', () => {
    expect(README.split('\n').length).toBeLessThan(150);
    expect(README).toContain('npm ci && npm start');
    expect(README).toContain('npm ci && npm test');
  });
});
