import { CfWorkerJsonSchemaValidator } from '@modelcontextprotocol/server/validators/cf-worker';
import type { JsonSchema } from './permission.js';

/** Whether arguments are as a schema says. */
export type CheckArguments = (values: unknown) => boolean;

/**
 * Keywords whose cost grows with the arguments and the schema, and no faster. `pattern`, `patternProperties` and `format` are
 * regular expressions, which take forever on some texts; `uniqueItems` compares all with all; references can run in circles.
 */
const KEYWORDS: ReadonlyMap<string, 'value' | 'schema' | 'schemas' | 'map'> = new Map([
  ...['type', 'enum', 'const', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'].map(value),
  ...['minLength', 'maxLength', 'minItems', 'maxItems', 'minContains', 'maxContains', 'required', 'dependentRequired'].map(value),
  ...['minProperties', 'maxProperties', 'title', 'description', 'default', 'examples', '$comment'].map(value),
  ...(['items', 'contains', 'additionalProperties', 'propertyNames', 'not', 'if', 'then', 'else'] as const).map(
    (key) => [key, 'schema'] as const,
  ),
  ...(['allOf', 'anyOf', 'oneOf', 'prefixItems'] as const).map((key) => [key, 'schemas'] as const),
  ['properties', 'map'] as const,
]);

function value(key: string): readonly [string, 'value'] {
  return [key, 'value'];
}

const MAX_BYTES = 8192;
const MAX_DEPTH = 8;

/** Why a schema is none that arguments are checked with; undefined where it is one. */
export function findSchemaFault(schema: unknown): string | undefined {
  if (!isObject(schema)) return 'a schema must be an object';
  if (JSON.stringify(schema).length > MAX_BYTES) return `a schema may have ${MAX_BYTES} characters`;
  return findFault(schema, 0) ?? findCompileFault(schema);
}

/** The check of a schema that {@link findSchemaFault} has nothing against. */
export function compileSchema(schema: JsonSchema): CheckArguments {
  const validate = new CfWorkerJsonSchemaValidator({ draft: '2020-12' }).getValidator(schema);
  return (values) => validate(values).valid;
}

function findFault(schema: unknown, depth: number): string | undefined {
  if (typeof schema === 'boolean') return undefined;
  if (!isObject(schema)) return 'a schema within a schema must be an object or a boolean';
  if (depth > MAX_DEPTH) return `schemas may stand ${MAX_DEPTH} deep in each other`;
  for (const [key, member] of Object.entries(schema)) {
    const fault = findMemberFault(key, member, depth);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function findMemberFault(key: string, member: unknown, depth: number): string | undefined {
  switch (KEYWORDS.get(key)) {
    case 'value':
      return undefined;
    case 'schema':
      return findFault(member, depth + 1);
    case 'schemas':
      return Array.isArray(member) ? findFirst(member, depth + 1) : `${key} must be a list of schemas`;
    case 'map':
      return isObject(member) ? findFirst(Object.values(member), depth + 1) : `${key} must be an object of schemas`;
    case undefined:
      return `the keyword ${key.slice(0, 40)} is not offered; offered are ${[...KEYWORDS.keys()].join(', ')}`;
  }
}

function findFirst(schemas: readonly unknown[], depth: number): string | undefined {
  for (const schema of schemas) {
    const fault = findFault(schema, depth);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** A keyword with a value that makes no sense (`required: 1`) throws when it is used. */
function findCompileFault(schema: JsonSchema): string | undefined {
  try {
    const check = compileSchema(schema);
    check({});
    check({ argument: ['text', 1, null, { member: true }] });
    return undefined;
  } catch {
    return 'the schema cannot be used: one of its keywords has a value that makes no sense';
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
