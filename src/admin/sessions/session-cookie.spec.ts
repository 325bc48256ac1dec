import { describe, expect, it } from '@jest/globals';
import { SessionCookie } from './session-cookie.js';

const STRICT = { purpose: 'session', sameSite: 'Strict' } as const;

describe('the cookie of a session', () => {
  it('belongs to this very host on https', () => {
    const cookie = new SessionCookie('https://gate.example.com', STRICT);
    expect(cookie.set('mgs_x', 60.9)).toBe('__Host-gatehouse-session=mgs_x; Max-Age=60; Path=/; HttpOnly; SameSite=Strict; Secure');
    expect(cookie.clear()).toBe('__Host-gatehouse-session=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict; Secure');
  });

  it('is told apart by port on the loopback', () => {
    expect(new SessionCookie('http://localhost:3000', STRICT).name).toBe('gatehouse-session-3000');
    expect(new SessionCookie('http://localhost', STRICT).name).toBe('gatehouse-session-80');
    expect(new SessionCookie('http://localhost:3000', STRICT).set('x', 1)).not.toContain('Secure');
  });

  it.each([
    ['a=1; gatehouse-session-3000=mgs_x; b=2', 'mgs_x'],
    ['gatehouse-session-3000=mgs_x', 'mgs_x'],
    ['gatehouse-session-3000=', ''],
    ['xgatehouse-session-3000=mgs_x', undefined],
    ['gatehouse-session-3001=mgs_x', undefined],
    ['gatehouse-session-3000=mgs_x; gatehouse-session-3000=mgs_y', undefined],
    [`a=${'x'.repeat(9000)}; gatehouse-session-3000=mgs_x`, undefined],
    ['', undefined],
    [undefined, undefined],
  ])('in %p is %p', (header, value) => {
    expect(new SessionCookie('http://localhost:3000', STRICT).read(header)).toBe(value);
  });
});
