import { describe, expect, it } from '@jest/globals';
import type { AccessTokenClaims } from '../tokens/claims.js';
import { FreshTokens } from './fresh-tokens.js';

const START = 1_800_000_000;
const LIFE = 3600;

const claims = (iat: number, more: Partial<AccessTokenClaims> = {}): AccessTokenClaims => ({
  iss: 'https://host.example/authed/mcp',
  aud: 'https://host.example/authed/mcp',
  sub: 'mcc_a',
  client_id: 'mcc_a',
  scope: 'mcp:search',
  jti: String(iat),
  iat,
  exp: iat + LIFE,
  auth_id: 's1',
  ...more,
});

const isAlive = (): boolean => false;

describe('FreshTokens', () => {
  it('says nothing of a first token, and of the second how long the first still lives', () => {
    const tokens = new FreshTokens();
    expect(tokens.note(claims(START), '192.0.2.1', isAlive)).toBeUndefined();
    expect(tokens.note(claims(START + 10), '192.0.2.1', isAlive)).toBe(LIFE - 10);
    // Each is compared with the one right before it.
    expect(tokens.note(claims(START + 30), '192.0.2.1', isAlive)).toBe(LIFE - 20);
  });

  it.each([
    [LIFE / 2 - 1, LIFE / 2 + 1],
    [LIFE / 2, undefined],
    [LIFE - 1, undefined],
    [LIFE + 1, undefined],
  ])('calls a token that is %i s old fresh for %p s more: in the second half of its life it may be replaced', (age, left) => {
    const tokens = new FreshTokens();
    tokens.note(claims(START), '192.0.2.1', isAlive);
    expect(tokens.note(claims(START + age), '192.0.2.1', isAlive)).toBe(left);
  });

  it.each<[string, Partial<AccessTokenClaims>]>([
    ['other scopes', { scope: 'mcp:read' }],
    ['another server', { aud: 'https://host.example/authed/mcp/wiki' }],
    ['another client', { client_id: 'mcc_b' }],
    ['another subject', { sub: 'mcc_b' }],
    ['another key', { cnf: { jkt: 'k' } }],
    ['another certificate', { cnf: { 'x5t#S256': 'c' } }],
  ])('does not mistake a token for %s for the same', (_, more) => {
    const tokens = new FreshTokens();
    tokens.note(claims(START), '192.0.2.1', isAlive);
    expect(tokens.note(claims(START, more), '192.0.2.1', isAlive)).toBeUndefined();
    expect(tokens.note(claims(START), '192.0.2.1', isAlive)).toBe(LIFE);
    expect(tokens.note(claims(START, more), '192.0.2.1', isAlive)).toBe(LIFE);
  });

  it('does not mistake one address for another', () => {
    const tokens = new FreshTokens();
    tokens.note(claims(START), '192.0.2.1', isAlive);
    expect(tokens.note(claims(START), '192.0.2.2', isAlive)).toBeUndefined();
  });

  it('says nothing of a token that was ended before its time, and asks about that one', () => {
    const tokens = new FreshTokens();
    tokens.note(claims(START), '192.0.2.1', isAlive);
    expect(tokens.note(claims(START + 1), '192.0.2.1', ({ jti }) => jti === String(START))).toBeUndefined();
    expect(tokens.note(claims(START + 2), '192.0.2.1', ({ jti }) => jti === String(START))).toBe(LIFE - 1);
  });

  it('is bounded: whoever was quiet longest is forgotten first', () => {
    const tokens = new FreshTokens();
    for (let i = 0; i < 20_001; i++) tokens.note(claims(START, { client_id: `mcc_${i}` }), '192.0.2.1', isAlive);
    expect(tokens.note(claims(START, { client_id: 'mcc_20000' }), '192.0.2.1', isAlive)).toBe(LIFE);
    expect(tokens.note(claims(START, { client_id: 'mcc_0' }), '192.0.2.1', isAlive)).toBeUndefined();
  });
});
