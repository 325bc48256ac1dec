import { describe, expect, it } from '@jest/globals';
import type { JWTPayload } from 'jose';
import fc from '../../../test/support/properties.js';
import type { Trust } from '../../credentials/credential-settings.js';
import { findMismatch } from './match-trust.js';

const ISS = 'https://docs.example.com/authed/mcp';
const TOK = `${ISS}/oauth/token`;
const CLAIMS: JWTPayload = {
  aud: ISS,
  sub: 'repo:acme/site:environment:production',
  repository: 'acme/site',
  environment: 'production',
  ref: 'refs/heads/main',
  groups: ['deployers', 'readers'],
  run_number: 42,
  protected: true,
};
const AUDIENCE = 'The assertion is for another audience';
const SUBJECT = 'The sub of the assertion does not match';

const find = (rule: Partial<Trust>, claims: object = {}): string | undefined =>
  findMismatch({ issuer: 'https://issuer.example', subject: 'repo:acme/*', ...rule }, { ...CLAIMS, ...claims }, [ISS, TOK]);
const condition = (name: string, patterns: string | string[], claims?: object): string | undefined =>
  find({ claims: { [name]: patterns } }, claims);

describe('findMismatch', () => {
  it.each([ISS, TOK, [ISS], ['x', TOK]])('accepts an audience of ours: %p (R-JBG-06)', (aud) => expect(find({}, { aud })).toBeUndefined());

  it.each([undefined, null, '', 'x', `${ISS}/`, [], [[ISS]], { aud: ISS }, 7])('refuses the audience %p (R-JBG-06)', (aud) =>
    expect(find({}, { aud })).toBe(AUDIENCE),
  );

  it('accepts the audience of the rule alone where it has one', () => {
    expect(find({ audience: 'api://acme' }, { aud: ['x', 'api://acme'] })).toBeUndefined();
    for (const aud of [ISS, TOK, 'api://Acme', undefined]) expect(find({ audience: 'api://acme' }, { aud })).toBe(AUDIENCE);
  });

  it('matches the pattern against sub, which must be a text (R-JBG-07)', () => {
    expect(find({ subject: CLAIMS.sub! })).toBeUndefined();
    expect(find({ subject: '*' })).toBeUndefined();
    for (const sub of ['repo:evil/site', ' repo:acme/site', '', undefined]) expect(find({}, { sub })).toBe(SUBJECT);
  });

  it.each<[string, string | string[]]>([
    ['environment', 'production'],
    ['environment', ['staging', 'production']],
    ['ref', 'refs/heads/*'],
    ['ref', '*'],
    ['groups', 'deployers'],
    ['groups', 'read*'],
    ['run_number', '42'],
    ['protected', 'true'],
  ])('lets a claim %s match %p', (name, patterns) => expect(condition(name, patterns)).toBeUndefined());

  it.each<[string, string | string[], object]>([
    ['environment', 'production', { environment: 'Production' }],
    ['environment', '*', { environment: undefined }],
    ['environment', '*', { environment: null }],
    ['environment', '*', { environment: {} }],
    ['environment', '*', { environment: [] }],
    ['environment', '*', { environment: [['production']] }],
    ['environment', [], {}],
    ['run_number', '4*', {}],
    ['protected', 'false', {}],
    ['toString', '*', {}],
    ['__proto__', '*', {}],
    ['missing', '*', {}],
  ])('does not let a claim %s match %p (%#)', (name, patterns, claims) => {
    const own = Object.fromEntries([[name, patterns]]);
    expect(find({ claims: own }, claims)).toBe(`The claim ${name} of the assertion does not match`);
  });

  it('asks for all conditions, and names the first that fails, without its value', () => {
    const claims = { repository: 'acme/site', environment: 'production', ref: 'refs/tags/*' };
    expect(find({ claims })).toBe('The claim ref of the assertion does not match');
    expect(find({ claims: { ...claims, ref: ['refs/tags/*', 'refs/heads/main'] } })).toBeUndefined();
  });

  it('looks at a hundred values of a claim at most: nothing is verified yet', () => {
    expect(condition('ref', 'x', { ref: [...Array<string>(99).fill('y'), 'x'] })).toBeUndefined();
    expect(condition('ref', 'x', { ref: [...Array<string>(100).fill('y'), 'x'] })).toBe('The claim ref of the assertion does not match');
  });

  it('says yes only where audience, sub and every condition match, whatever a token holds', () => {
    const rule: Trust = { issuer: 'https://issuer.example', subject: 'a', claims: { b: 'b' } };
    const member = fc.oneof(fc.constantFrom('a', 'b', ISS), fc.jsonValue());
    fc.assert(
      fc.property(member, member, member, (aud, sub, b) => {
        const lists = (value: unknown, wanted: string) => value === wanted || (Array.isArray(value) && value.includes(wanted));
        const matches = lists(aud, ISS) && sub === 'a' && lists(b, 'b');
        // As `readAssertion` lets it through: sub is a text or nothing.
        const claims = { aud, b, ...(typeof sub === 'string' ? { sub } : {}) } as JWTPayload;
        expect(findMismatch(rule, claims, [ISS]) === undefined).toBe(matches);
      }),
    );
  });
});
