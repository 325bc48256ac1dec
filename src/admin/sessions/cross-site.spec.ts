import { describe, expect, it } from '@jest/globals';
import { crossSiteFault } from './cross-site.js';

const OWN = 'https://gate.example.com';
const CSRF = { 'gatehouse-csrf': '1' };

describe('a request that only a cookie vouches for', () => {
  it.each([
    ['a change by our page', 'POST', { ...CSRF, origin: OWN, 'sec-fetch-site': 'same-origin' }],
    ['a change by a script without a browser', 'DELETE', CSRF],
    ['a read by our page', 'GET', { 'sec-fetch-site': 'same-origin' }],
    ['a read that was typed into the address bar', 'GET', { 'sec-fetch-site': 'none' }],
    ['a read by a browser that says nothing', 'HEAD', {}],
  ])('is taken: %s', (_, method, headers) => expect(crossSiteFault(method, headers, OWN)).toBeUndefined());

  it.each([
    ['a form of another site', 'POST', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
    ['a form of a sister site', 'POST', { origin: 'https://blog.example.com', 'sec-fetch-site': 'same-site' }],
    ['a sister site that somehow sends the header', 'POST', { ...CSRF, origin: 'https://blog.example.com' }],
    ['another port', 'POST', { ...CSRF, origin: `${OWN}:8443` }],
    ['a page without an origin (sandbox, data:)', 'POST', { ...CSRF, origin: 'null' }],
    ['a sister site by what the browser says', 'PATCH', { ...CSRF, 'sec-fetch-site': 'same-site' }],
    ['a form of an old browser that says nothing', 'POST', {}],
    ['an empty header', 'POST', { 'gatehouse-csrf': '' }],
    ['a change that was typed into the address bar', 'POST', { ...CSRF, 'sec-fetch-site': 'none' }],
    ['a read by another site', 'GET', { 'sec-fetch-site': 'cross-site' }],
    ['a read by a script of another site', 'GET', { origin: 'https://evil.example' }],
  ])('is refused: %s', (_, method, headers) => expect(crossSiteFault(method, headers, OWN)).toEqual(expect.any(String)));
});
