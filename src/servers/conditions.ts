import { foldCase } from '../common/fold-case.js';
import { compileSchema } from './argument-schema.js';
import { leadsOut } from './leads-out.js';
import type { ArgumentCondition, ConditionalPermission, Scalar } from './permission.js';

/** Why arguments are not what a permission asks for; undefined where they are. Holds none of their values. */
export type FindConditionFault = (values: unknown) => string | undefined;

/** The conditions of a permission, compiled; undefined where it has none. */
export function compileConditions(permission: ConditionalPermission): FindConditionFault | undefined {
  const conditions = Object.entries(permission.arguments ?? {});
  const isAsSchemaSays = permission.schema && compileSchema(permission.schema);
  if (conditions.length === 0 && !isAsSchemaSays) return undefined;
  const findMisspelt = spellingOf(permission);
  return (values) => {
    if (!isObject(values)) return 'the arguments must be an object';
    const misspelt = findMisspelt(values);
    if (misspelt !== undefined) return `the argument ${misspelt} is given in other letters`;
    for (const [name, condition] of conditions) {
      const fault = findArgumentFault(values, name, condition);
      if (fault !== undefined) return `the argument ${name} ${fault}`;
    }
    return !isAsSchemaSays || isValid(isAsSchemaSays, values) ? undefined : 'the arguments must be as the schema says';
  };
}

/** Whether whoever meets the conditions of `narrow` meets those of `broad`. Undecided is no. */
export function includesConditions(broad: ConditionalPermission, narrow: ConditionalPermission): boolean {
  if (broad.schema && (!narrow.schema || canonical(broad.schema) !== canonical(narrow.schema))) return false;
  const asked = narrow.arguments ?? {};
  return Object.entries(broad.arguments ?? {}).every(
    ([name, condition]) => Object.hasOwn(asked, name) && canonical(condition) === canonical(asked[name]),
  );
}

/** Finds an argument that the permission names and that a server without regard for case could take from another name. */
function spellingOf({
  arguments: conditions = {},
  schema,
}: ConditionalPermission): (values: Readonly<Record<string, unknown>>) => string | undefined {
  const properties = isObject(schema) ? schema['properties'] : undefined;
  const names = new Set([...Object.keys(conditions), ...Object.keys(isObject(properties) ? properties : {})]);
  const byFolded = new Map([...names].map((name) => [foldCase(name), name]));
  return (values) => {
    for (const name in values) {
      const meant = names.has(name) ? undefined : byFolded.get(foldCase(name));
      if (meant !== undefined) return meant;
    }
    return undefined;
  };
}

/** What cannot be checked (arguments nested deeper than the stack) does not pass. */
function isValid(check: (values: unknown) => boolean, values: unknown): boolean {
  try {
    return check(values);
  } catch {
    return false;
  }
}

function findArgumentFault(values: Readonly<Record<string, unknown>>, name: string, condition: ArgumentCondition): string | undefined {
  if (!Object.hasOwn(values, name)) return condition.optional ? undefined : 'is missing';
  const value = values[name];
  const { equals, oneOf, prefix, min, max } = condition;
  if (equals !== undefined && !isSame(value, equals)) return 'must equal what the permission names';
  if (oneOf && !oneOf.some((one) => isSame(value, one))) return 'must be one of those that the permission names';
  if (prefix !== undefined && !beginsWith(value, prefix)) return `must begin with ${JSON.stringify(prefix)}`;
  return findRangeFault(value, min, max);
}

function findRangeFault(value: unknown, min: number | undefined, max: number | undefined): string | undefined {
  if (min === undefined && max === undefined) return undefined;
  if (!isExactNumber(value)) return 'must be a number';
  if (min !== undefined && value < min) return `must be at least ${min}`;
  return max !== undefined && value > max ? `must be at most ${max}` : undefined;
}

const isSame = (value: unknown, expected: Scalar): boolean => value === expected && (typeof value !== 'number' || isExactNumber(value));

/** A number that other parsers may read as another one (beyond 2^53, or 1e999) meets no condition. */
const isExactNumber = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && (Number.isSafeInteger(value) || !Number.isInteger(value));

const beginsWith = (value: unknown, prefix: string): boolean =>
  typeof value === 'string' && value.startsWith(prefix) && !leadsOut(prefix, value.slice(prefix.length));

/** The same in whichever order its members were written. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    isObject(member) ? Object.fromEntries(Object.entries(member).sort(([one], [other]) => (one < other ? -1 : 1))) : member,
  );
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
