import { describe, expect, it } from '@jest/globals';
import type { ServerState } from '../servers/server-state.js';
import { chooseAudience } from './choose-audience.js';

const server = (slug: string, isDefault: boolean): ServerState => ({
  id: slug,
  slug,
  name: slug,
  description: null,
  access: 'both',
  upstream: { kind: 'docs' },
  openSecrets: () => ({}),
  scopes: [],
  limits: {},
  version: 1,
  tokenTtl: null,
  isDefault,
  resource: isDefault ? 'https://host.example/authed/mcp' : `https://host.example/authed/mcp/${slug}`,
  metadataUrl: '',
});
const all = [server('docs', true), server('jira', false), server('wiki', false)];
const servers = {
  find: (slug?: string) => all.find((one) => (slug === undefined ? one.isDefault : one.slug === slug)),
  findByResource: (resource: string) => all.find((one) => one.resource === resource),
};
const choose = (resources: string[], allowed = ['docs']): string => chooseAudience(resources, allowed, servers).resource;
const RES = 'https://host.example/authed/mcp';

describe('chooseAudience', () => {
  it('takes the resource that was asked for (R-RES-01)', () => {
    expect(choose([RES])).toBe(RES);
    expect(choose([`${RES}/jira`], ['docs', 'jira'])).toBe(`${RES}/jira`);
  });

  it.each([
    'host.example',
    `${RES}#x`,
    'https://evil.example',
    `${RES}/`,
    `${RES}?x=1`,
    '/authed/mcp',
    'urn:x',
    `${RES}/jira`,
    'https://host.example:443/authed/mcp',
  ])('refuses %p (R-RES-02)', (resource) => expect(() => choose([resource])).toThrow(expect.objectContaining({ code: 'invalid_target' })));

  it('refuses two different resources, and takes the same one twice (R-RES-03)', () => {
    expect(() => choose([RES, `${RES}/jira`], ['docs', 'jira'])).toThrow(expect.objectContaining({ code: 'invalid_target' }));
    expect(choose([RES, RES])).toBe(RES);
  });

  it('takes the only server, else the default one, where none was asked for (R-RES-04)', () => {
    expect(choose([], ['jira'])).toBe(`${RES}/jira`);
    expect(choose([], ['jira', 'docs'])).toBe(RES);
    expect(() => choose([], ['jira', 'wiki'])).toThrow(expect.objectContaining({ code: 'invalid_target' }));
    expect(() => choose([], [])).toThrow(expect.objectContaining({ code: 'invalid_target' }));
  });

  it('tolerates upper case in scheme and host only, and gives the canonical form (R-RES-05)', () => {
    expect(choose(['HTTPS://HOST.example/authed/mcp'])).toBe(RES);
    expect(() => choose(['https://host.example/AUTHED/mcp'])).toThrow(expect.objectContaining({ code: 'invalid_target' }));
  });
});
