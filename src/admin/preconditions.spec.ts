import { describe, expect, it } from '@jest/globals';
import { etag, requireMatch } from './preconditions.js';

describe('requireMatch', () => {
  it.each([undefined, '*', ' * ', '"7"', '"6", "7"', '"6","7"'])('lets a change of version 7 pass with If-Match %p', (ifMatch) => {
    expect(() => requireMatch(ifMatch, 7)).not.toThrow();
  });

  it.each(['"6"', '7', 'W/"7"', '""', '', '"17"', '"6", "8"'])('refuses it with If-Match %p (RFC 9110 §13.1.1)', (ifMatch) => {
    expect(() => requireMatch(ifMatch, 7)).toThrow(expect.objectContaining({ code: 'precondition_failed', status: 412 }));
  });

  it('names a version with a strong entity tag', () => {
    expect(etag(7)).toBe('"7"');
  });
});
