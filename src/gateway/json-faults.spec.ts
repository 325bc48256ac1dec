import { describe, expect, it } from '@jest/globals';
import fc from '../../test/support/properties.js';
import { findJsonFault, MAX_DEPTH } from './json-faults.js';

const LIMITED = ['message', 'params', 'meta'] as const;

describe('findJsonFault', () => {
  it.each([
    ['at top level', '{"method":"tools/list","method":"tools/call"}'],
    ['in params', '{"params":{"name":"a","name":"b"}}'],
    ['in params._meta', '{"params":{"_meta":{"k":1,"k":2}}}'],
    ['behind an escape', '{"method":"a","meth\\u006fd":"b"}'],
    ['that holds a quote', '{"a\\"":1,"a\\u0022":2}'],
    ['after nested values', '{"params":{"name":"a","x":{"name":[{"name":1}]},"name":"b"}}'],
    ['in an element of a batch', '[{"id":1},{"params":{"name":1,"name":2}}]'],
    ['as params twice', '{"params":{},"params":{"name":"x"}}'],
    ['that is empty', '{"":1,"":2}'],
    ['with whitespace', ' { "id" : 1 ,\n\t"id" : 2 } '],
    ['called __proto__', '{"__proto__":1,"__proto__":2}'],
    ['in arguments', '{"params":{"arguments":{"a":1,"a":2}}}'],
    ['deep in arguments', '{"params":{"arguments":{"a":[[{"b":{"c":1,"c":2}}]]}}}'],
    ['in arguments, behind an object', '{"params":{"arguments":{"a":{"b":1},"a":2}}}'],
  ])('finds a name that stands twice %s [R-GWC-04]', (_where, json) => {
    expect(findJsonFault(json)).toBe('repeated name');
  });

  it.each([
    ['a name at different levels', '{"name":1,"params":{"name":2,"_meta":{"name":3}}}'],
    ['a name twice where no policy reads', '{"params":{"inputResponses":{"a":1,"a":2}}}'],
    ['a name at different levels of arguments', '{"params":{"arguments":{"a":{"a":[{"a":1},{"a":2}]},"b":{"a":1}}}}'],
    ['names of the protocol in other letters in arguments', '{"params":{"arguments":{"Name":1,"name":2}}}'],
    ['a name twice under params of another place', '{"x":{"params":{"a":1,"a":2}}}'],
    ['a _meta at top level', '{"_meta":{"a":1,"a":2}}'],
    ['names that stand in values', '{"a":"a","b":"a,\\"a\\":","c":["a","a"]}'],
    ['the same names in two elements of a batch', '[{"id":1},{"id":2}]'],
    ['names that differ by case and are none of the protocol', '{"params":{"x":1,"X":2}}'],
    ['a value that ends in backslashes', '{"a":"\\\\","b":"\\\\\\"","c":1}'],
    ['plain values', '"a"'],
  ])('accepts %s', (_what, json) => {
    JSON.parse(json);
    expect(findJsonFault(json)).toBeUndefined();
  });

  it.each([
    ['method', '{"method":"a","Method":"b"}'],
    ['params', '{"PARAMS":{}}'],
    ['params, in letters that fold to it', '{"param\u017f":{}}'],
    ['name', '{"params":{"name":"a","Name":"b"}}'],
    ['uri', '{"params":{"\\u0055ri":"a"}}'],
    ['arguments', '{"params":{"name":"a","Arguments":{"a":1}}}'],
    ['task', '{"params":{"Task":{}}}'],
    ['taskIds', '{"params":{"notifications":{"TaskIds":["a"]}}}'],
    ['resourceSubscriptions', '{"params":{"notifications":{"resourcesubscriptions":["a"]}}}'],
    ['id, in a batch', '[{"Id":1}]'],
  ])('finds %s in other letters, which other parsers take for it', (_name, json) => {
    expect(findJsonFault(json)).toBe('name in other letters');
  });

  it.each(['[', '{"a":'])('allows %s to nest to the limit and no deeper', (open) => {
    const close = open === '[' ? ']' : '}';
    const nested = (depth: number) => open.repeat(depth) + (open === '[' ? '' : '1') + close.repeat(depth);
    expect(findJsonFault(nested(MAX_DEPTH))).toBeUndefined();
    expect(findJsonFault(nested(MAX_DEPTH + 1))).toBe('too deep');
  });

  it('counts depth, not brackets', () => {
    expect(findJsonFault(`[${'[],{},"[[{{",'.repeat(1000)}1]`)).toBeUndefined();
  });

  it('finds nothing in what JSON.stringify makes, whose names are unique', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.jsonValue({ maxDepth: 4 }), (params, meta) => {
        const message = { jsonrpc: '2.0', id: 1, params, x: { params: { _meta: meta } } };
        expect(findJsonFault(JSON.stringify(message))).toBeUndefined();
        expect(findJsonFault(JSON.stringify([message, message], undefined, 2))).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });

  it('agrees with JSON.parse on which names an object has, at every checked level', () => {
    const member = fc.tuple(
      fc.oneof(fc.constantFrom('a', 'b', 'name', 'params', '_meta', '\\', '"', '\u2028'), fc.string()),
      fc.jsonValue(),
    );
    fc.assert(
      fc.property(
        fc.uniqueArray(member, { maxLength: 8, selector: ([name]) => name }),
        fc.nat(),
        fc.nat(),
        fc.constantFrom(...LIMITED),
        (members, a, b, level) => {
          const others = members.filter(([name]) => name !== 'params' && name !== '_meta' && !/^(id|uri|ref|error)$/i.test(name));
          const written = others.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
          expect(findJsonFault(at(level, written))).toBeUndefined();
          const [name] = others[a % Math.max(1, others.length)] ?? [];
          if (name === undefined) return;
          written.splice(b % (written.length + 1), 0, `${escapeAll(name)}:0`);
          const json = at(level, written);
          JSON.parse(json);
          expect(findJsonFault(json)).toBe('repeated name');
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('takes linear time for hostile texts of the largest size', () => {
    const size = 4_000_000;
    const texts = [
      `{"a":"${'\\\\'.repeat(size / 2)}"}`,
      `{"a":"${'\\"'.repeat(size / 2)}"}`,
      `{"params":{${keys(400_000)}}}`,
      `[${'1,'.repeat(size / 2)}1]`,
    ];
    for (const text of texts) {
      // In CPU time: what other processes take of the machine is not our doing.
      const started = process.cpuUsage();
      expect(findJsonFault(text)).toBeUndefined();
      expect(process.cpuUsage(started).user / 1000).toBeLessThan(2000);
    }
  });
});

function at(level: (typeof LIMITED)[number], members: readonly string[]): string {
  const object = `{${members.join(' , ')}}`;
  if (level === 'message') return object;
  return level === 'params' ? `{"id":1,"params":${object},"z":[]}` : `{"params":{"q":{},"_meta":${object},"z":1}}`;
}

const escapeAll = (text: string): string =>
  `"${[...Array(text.length).keys()].map((i) => `\\u${text.charCodeAt(i).toString(16).padStart(4, '0')}`).join('')}"`;

const keys = (count: number): string => [...Array(count).keys()].map((i) => `"k${i}":1`).join(',');
