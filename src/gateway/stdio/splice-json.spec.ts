import { describe, expect, it } from '@jest/globals';

import fc from '../../../test/support/properties.js';
import { spliceJson } from './splice-json.js';

describe('spliceJson', () => {
  it('leaves every other byte alone (R-GWC-03)', () => {
    const json = '{ "id" : 7 ,"params":{"x":12345678901234567890,"y":1.0,"id":7,"_meta":{"progressToken":"a\\"}","k":[{"id":7}]}}\t}';
    expect(
      spliceJson(json, [
        { path: ['id'], value: 'new' },
        { path: ['params', '_meta', 'progressToken'], value: 42 },
      ]),
    ).toBe('{ "id" : "new" ,"params":{"x":12345678901234567890,"y":1.0,"id":7,"_meta":{"progressToken":42,"k":[{"id":7}]}}\t}');
  });

  it('takes the last of several members of one name, as JSON.parse does, however it is written', () => {
    expect(spliceJson('{"id":1,"id":2}', [{ path: ['id'], value: 3 }])).toBe('{"id":1,"id":3}');
    expect(spliceJson('{"id":1,"\\u0069d":2}', [{ path: ['id'], value: 3 }])).toBe('{"id":1,"\\u0069d":3}');
  });

  it.each(['{}', '[]', '{"a":{}}', '{"params":[]}', '{"params":"id"}', 'null'])('adds nothing that is not there: %s', (json) =>
    expect(
      spliceJson(json, [
        { path: ['id'], value: 1 },
        { path: ['params', '_meta'], value: 1 },
      ]),
    ).toBe(json),
  );

  it('means the same as parsing, assigning and writing', () => {
    const message = fc.record({ id: fc.jsonValue(), params: fc.record({ _meta: fc.dictionary(fc.string(), fc.jsonValue()) }) });
    fc.assert(
      fc.property(message, fc.constantFrom(undefined, 1, '\t'), (value, indent) => {
        const json = JSON.stringify(value, undefined, indent);
        const expected = JSON.parse(json) as Record<string, unknown>;
        expected['id'] = 'changed';
        expect(JSON.parse(spliceJson(json, [{ path: ['id'], value: 'changed' }]))).toEqual(expected);
      }),
    );
  });
});
