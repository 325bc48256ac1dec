import { describe, expect, it } from '@jest/globals';
import fc from '../../test/support/properties.js';
import type { ArgumentCondition, ConditionalPermission } from './permission.js';
import { findPermissionFault } from './permission-rules.js';
import { Permissions } from './permissions.js';

const onPath = (condition: ArgumentCondition): ConditionalPermission => ({
  permission: 'tools/call:write',
  arguments: { path: condition },
});
const call = (values: unknown) => ({ method: 'tools/call', target: 'write', arguments: values });
const covers = (permission: ConditionalPermission, values: unknown): boolean => new Permissions([permission]).cover(call(values));

describe('a condition on an argument', () => {
  it.each<[ArgumentCondition, unknown, boolean]>([
    [{ equals: 'a' }, 'a', true],
    [{ equals: 'a' }, 'A', false],
    [{ equals: 1 }, '1', false],
    [{ equals: 1 }, 1, true],
    [{ equals: null }, null, true],
    [{ equals: false }, 0, false],
    [{ equals: 'a' }, ['a'], false],
    [{ oneOf: ['a', 2, null] }, 2, true],
    [{ oneOf: ['a', 2, null] }, '2', false],
    [{ oneOf: ['a', 2, null] }, null, true],
    [{ prefix: '/data/' }, '/data/a.txt', true],
    [{ prefix: '/data/' }, '/data/', true],
    [{ prefix: '/data/' }, '/data', false],
    [{ prefix: '/data/' }, ['/data/'], false],
    [{ prefix: '/data/' }, '/data/../etc/passwd', false],
    [{ prefix: '/data/' }, '/data/a/../../etc', false],
    [{ prefix: '/data/' }, '/data/..', false],
    [{ prefix: '/data' }, '/data/../etc', false],
    [{ prefix: '/data/.' }, '/data/./../x', false],
    [{ prefix: '/data/.' }, '/data/../x', false],
    [{ prefix: 'C:\\data\\' }, 'C:\\data\\..\\x', false],
    [{ prefix: 'https://a.example/v1/' }, 'https://a.example/v1/%2e%2E/admin', false],
    [{ prefix: 'https://a.example/v1/' }, 'https://a.example/v1/..%2fadmin', false],
    [{ prefix: 'https://a.example/v1/' }, 'https://a.example/v1/..?x', false],
    [{ prefix: 'https://a.example/v1/' }, 'https://a.example/v1/.\t./admin', false],
    [{ prefix: '/data/' }, '/data/a..b/..c/d..', true],
    [{ min: 0, max: 100 }, 0, true],
    [{ min: 0, max: 100 }, 100, true],
    [{ min: 0, max: 100 }, 100.5, false],
    [{ min: 0, max: 100 }, -1, false],
    [{ min: 0 }, '5', false],
    [{ min: 0 }, null, false],
    [{ max: 5 }, [1], false],
    [{ min: 0 }, JSON.parse('1e999'), false],
    [{ min: 0 }, JSON.parse('9007199254740993'), false],
    [{ equals: 9007199254740991 }, 9007199254740991, true],
    [{ equals: 'a', optional: true }, 'b', false],
  ])('%j takes %j: %p', (condition, value, expected) => {
    expect(covers(onPath(condition), { path: value })).toBe(expected);
  });

  it.each(['Path', 'PATH'])('is not met where %s is given, which a server without regard for case takes for the argument', (name) => {
    expect(covers(onPath({ equals: 'a' }), { path: 'a', [name]: 'b' })).toBe(false);
    expect(covers(onPath({ equals: 'a', optional: true }), { [name]: 'b' })).toBe(false);
    const schema = { properties: { path: { const: 'a' } } };
    expect(covers({ permission: 'tools/call:write', schema }, { [name]: 'b' })).toBe(false);
    expect(covers(onPath({ equals: 'a' }), { path: 'a', mode: 'r', Mode: 'w' })).toBe(true);
  });

  it('asks for the argument, unless it is optional', () => {
    expect(covers(onPath({ equals: 'a' }), {})).toBe(false);
    expect(covers(onPath({ equals: 'a', optional: true }), {})).toBe(true);
    expect(covers(onPath({ equals: 'a' }), JSON.parse('{"__proto__":{"path":"a"}}'))).toBe(false);
  });

  it.each([null, 'text', 5, [], ['path'], true])('takes arguments that are %j for none', (values) => {
    expect(covers(onPath({ equals: 'a', optional: true }), values)).toBe(false);
  });

  it('answers the question without arguments whether there are some that will do', () => {
    expect(new Permissions([onPath({ equals: 'a' })]).cover({ method: 'tools/call', target: 'write' })).toBe(true);
  });

  it('names what fails, and no value of the caller', () => {
    const { findUnmet } = Permissions.prototype;
    const permissions = new Permissions([onPath({ prefix: '/data/' }), 'tools/call:read', onPath({ oneOf: ['secret'] })]);
    expect(findUnmet.call(permissions, call({ path: '/etc/shadow' })).map(({ reason }) => reason)).toEqual([
      'the argument path must begin with "/data/"',
      'the argument path must be one of those that the permission names',
    ]);
    expect(findUnmet.call(permissions, call({})).map(({ reason }) => reason)).toEqual([
      'the argument path is missing',
      'the argument path is missing',
    ]);
  });
});

describe('a schema of the arguments', () => {
  const withSchema = (schema: object): ConditionalPermission => ({ permission: 'tools/call:write', schema });

  it('must be met', () => {
    const permission = withSchema({
      type: 'object',
      required: ['to'],
      additionalProperties: false,
      properties: { to: { type: 'array', maxItems: 2, items: { enum: ['a', 'b'] } }, note: { type: 'string', maxLength: 3 } },
    });
    expect(covers(permission, { to: ['a', 'b'] })).toBe(true);
    expect(covers(permission, { to: ['a'], note: 'äöü' })).toBe(true);
    for (const values of [{}, { to: 'a' }, { to: ['c'] }, { to: ['a', 'b', 'a'] }, { to: [], note: 'long' }, { to: [], more: 1 }]) {
      expect([values, covers(permission, values)]).toEqual([values, false]);
    }
  });

  it('does not pass what is nested deeper than can be looked at', () => {
    let deep: unknown = 1;
    for (let i = 0; i < 100_000; i++) deep = [deep];
    expect(covers(withSchema({ properties: { a: { const: [[]] } } }), { a: deep })).toBe(false);
  });

  it.each([
    ['a pattern, which could take forever', { properties: { a: { pattern: '^(a+)+$' } } }],
    ['patterns for names', { patternProperties: { a: {} } }],
    ['a format', { properties: { a: { format: 'uri' } } }],
    ['a reference', { $ref: '#' }],
    ['definitions', { $defs: { a: {} } }],
    ['unique items, which compare all with all', { properties: { a: { uniqueItems: true } } }],
    ['a keyword within a list', { allOf: [{ not: { pattern: 'a' } }] }],
    ['a schema that is none', { properties: { a: 5 } }],
    ['properties that are a list', { properties: [] }],
    ['a value that makes no sense', { required: 5 }],
    ['a list', []],
    ['a text', 'x'],
  ])('is refused with %s', (_what, schema) => {
    expect(findPermissionFault({ permission: 'tools/call:x', schema })).toEqual(expect.any(String));
  });

  it('is refused where it is too long or too deep', () => {
    let deep: object = {};
    for (let i = 0; i < 20; i++) deep = { not: deep };
    expect(findPermissionFault({ permission: 'tools/call:x', schema: deep })).toMatch(/deep/);
    expect(findPermissionFault({ permission: 'tools/call:x', schema: { description: 'x'.repeat(9000) } })).toMatch(/8192/);
  });
});

describe('findPermissionFault', () => {
  it.each<[unknown]>([
    ['*'],
    ['tools/call'],
    ['tools/call:search_*'],
    ['resources/read:docs://*'],
    ['tools/list'],
    [{ permission: 'tools/call:*', arguments: { a: { equals: 1 } } }],
    [{ permission: 'tools/call', schema: { type: 'object' } }],
  ])('takes %j', (permission) => {
    expect(findPermissionFault(permission)).toBeUndefined();
  });

  it.each<[unknown]>([
    [''],
    ['tools/call:'],
    ['tools/cal'],
    ['tools/list:x'],
    ['ping'],
    ['tools/call:a\nb'],
    [`tools/call:${'x'.repeat(600)}`],
    [`tools/call:${'*'.repeat(9)}`],
    [5],
    [null],
    [['*']],
    [{ permission: 'tools/call:x' }],
    [{ permission: '*', arguments: { a: { equals: 1 } } }],
    [{ permission: 'resources/read:x', arguments: { a: { equals: 1 } } }],
    [{ permission: 'tools/call:x', arguments: {} }],
    [{ permission: 'tools/call:x', arguments: { a: {} } }],
    [{ permission: 'tools/call:x', arguments: { a: { optional: true } } }],
    [{ permission: 'tools/call:x', arguments: { a: { like: 'b' } } }],
    [{ permission: 'tools/call:x', arguments: { a: { equals: {} } } }],
    [{ permission: 'tools/call:x', arguments: { a: { oneOf: [] } } }],
    [{ permission: 'tools/call:x', arguments: { a: { prefix: '' } } }],
    [{ permission: 'tools/call:x', arguments: { a: { min: 2, max: 1 } } }],
    [{ permission: 'tools/call:x', arguments: { a: { min: '1' } } }],
    [{ permission: 'tools/call:x', arguments: { a: { max: 2 ** 60 } } }],
    [{ permission: 'tools/call:x', arguments: JSON.parse('{"__proto__":{"equals":1}}') }],
    [{ permission: 'tools/call:x', schema: {}, more: 1 }],
  ])('refuses %j', (permission) => {
    expect(findPermissionFault(permission)).toEqual(expect.any(String));
  });
});

describe('Permissions.include', () => {
  const small = onPath({ prefix: '/data/' });

  it('never includes what asks for less', () => {
    expect(new Permissions([small]).include('tools/call:write')).toBe(false);
    expect(new Permissions([small]).include('tools/call:*')).toBe(false);
    expect(new Permissions([small]).include(onPath({ prefix: '/' }))).toBe(false);
    expect(new Permissions([small]).include({ permission: 'tools/call:write', arguments: { other: { prefix: '/data/' } } })).toBe(false);
    expect(new Permissions([{ permission: 'tools/call:write', schema: { type: 'object' } }]).include(small)).toBe(false);
  });

  it('includes the same, the same with more conditions, and anything under no condition', () => {
    const more = { permission: 'tools/call:write', arguments: { mode: { equals: 'w' }, path: { prefix: '/data/' } } };
    expect(new Permissions([small]).include(small)).toBe(true);
    expect(new Permissions([small]).include(more)).toBe(true);
    expect(new Permissions(['tools/call:w*']).include(small)).toBe(true);
    expect(new Permissions([{ permission: 'tools/call:*', arguments: { path: { prefix: '/data/' } } }]).include(small)).toBe(true);
    const schema = { permission: 'tools/call:write', schema: { type: 'object', required: ['a'] } };
    expect(new Permissions([schema]).include({ ...schema, schema: { required: ['a'], type: 'object' } })).toBe(true);
  });

  it('never includes a permission that allows a call which it does not allow itself', () => {
    const value = fc.constantFrom('a', 'b', 1, 2, 5);
    const condition = fc.oneof(
      fc.record({ equals: value }),
      fc.record({ oneOf: fc.array(value, { minLength: 1, maxLength: 3 }), optional: fc.boolean() }),
      fc.record({ prefix: fc.constantFrom('a', 'ab') }),
      fc.record({ min: fc.constantFrom(0, 2), max: fc.constantFrom(2, 5) }),
    );
    const permission = fc.oneof(
      fc.constantFrom('*', 'tools/call', 'tools/call:w*', 'tools/call:write'),
      fc.record({
        permission: fc.constantFrom('tools/call', 'tools/call:w*', 'tools/call:write'),
        arguments: fc.dictionary(fc.constantFrom('x', 'y'), condition, { minKeys: 1, maxKeys: 2 }),
      }),
    );
    const values = fc.dictionary(fc.constantFrom('x', 'y'), fc.constantFrom('a', 'ab', 'b', 1, 2, 5), { maxKeys: 2 });
    let included = 0;
    fc.assert(
      fc.property(permission, permission, values, (broad, narrow, given) => {
        if (!new Permissions([broad]).include(narrow)) return;
        included++;
        if (new Permissions([narrow]).cover(call(given))) expect(new Permissions([broad]).cover(call(given))).toBe(true);
      }),
      { numRuns: 5000 },
    );
    expect(included).toBeGreaterThan(200);
  });
});
