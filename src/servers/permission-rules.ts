import { findSchemaFault } from './argument-schema.js';

/** What scopes decide over, and whether it has a target (R-GWC-12). */
const METHODS: ReadonlyMap<string, boolean> = new Map([
  ['tools/call', true],
  ['prompts/get', true],
  ['resources/read', true],
  ['tools/list', false],
  ['prompts/list', false],
  ['resources/list', false],
  ['resources/templates/list', false],
]);
const MAX_PATTERN = 512;
const MAX_ASTERISKS = 8;
const MAX_ARGUMENTS = 20;
const MAX_CHOICES = 100;
const MAX_TEXT = 1024;
const PRINTABLE = /^\P{Cc}+$/u;
const MEMBERS = ['permission', 'arguments', 'schema'];
const CONDITIONS = ['equals', 'oneOf', 'prefix', 'min', 'max', 'optional'];

type JsonObject = Readonly<Record<string, unknown>>;

/** Why a value is no permission; undefined where it is one. */
export function findPermissionFault(value: unknown): string | undefined {
  if (typeof value === 'string') return findPatternFault(value);
  if (!isObject(value)) return 'a permission is a pattern, or an object with permission, arguments and schema';
  return findStranger(value, MEMBERS) ?? findConditionalFault(value);
}

function findConditionalFault({ permission, arguments: conditions, schema }: JsonObject): string | undefined {
  if (typeof permission !== 'string') return 'a permission with conditions needs permission, a pattern';
  const fault = findPatternFault(permission);
  if (fault !== undefined) return fault;
  if (!/^tools\/call(:|$)/.test(permission)) return 'conditions are on the arguments of tools: the pattern must be one over tools/call';
  if (conditions === undefined && schema === undefined) return 'a permission with conditions needs arguments or schema';
  return (
    (schema === undefined ? undefined : findSchemaFault(schema)) ?? (conditions === undefined ? undefined : findArgumentsFault(conditions))
  );
}

function findPatternFault(pattern: string): string | undefined {
  if (pattern === '*') return undefined;
  if (pattern.length > MAX_PATTERN || !PRINTABLE.test(pattern)) return `a pattern has 1 to ${MAX_PATTERN} printable characters`;
  const [method = ''] = pattern.split(':', 1);
  const hasTarget = METHODS.get(method);
  if (hasTarget === undefined) return `scopes decide over ${[...METHODS.keys()].join(', ')} and *, not over ${method.slice(0, 64)}`;
  if (method === pattern) return undefined;
  if (!hasTarget) return `${method} has no target`;
  if (pattern.length === method.length + 1)
    return `the pattern ${pattern} matches nothing: leave the colon out, or say what comes after it`;
  return pattern.split('*').length > MAX_ASTERISKS + 1 ? `a pattern may have ${MAX_ASTERISKS} asterisks` : undefined;
}

function findArgumentsFault(conditions: unknown): string | undefined {
  if (!isObject(conditions)) return 'arguments must map names of arguments to conditions';
  const entries = Object.entries(conditions);
  if (entries.length === 0 || entries.length > MAX_ARGUMENTS) return `arguments must name 1 to ${MAX_ARGUMENTS} arguments`;
  for (const [name, condition] of entries) {
    const fault = isName(name) ? findConditionFault(condition) : 'is no name of an argument';
    if (fault !== undefined) return `the condition on ${JSON.stringify(name.slice(0, 64))} ${fault}`;
  }
  return undefined;
}

function findConditionFault(condition: unknown): string | undefined {
  if (!isObject(condition)) return 'must be an object';
  const stranger = findStranger(condition, CONDITIONS);
  if (stranger !== undefined) return `is not understood: ${stranger}`;
  const { optional, ...rest } = condition;
  if (Object.keys(rest).length === 0) return `must say one of ${CONDITIONS.slice(0, -1).join(', ')}`;
  if (optional !== undefined && typeof optional !== 'boolean') return 'has an optional that is neither true nor false';
  return findValueFault(rest) ?? findRangeFault(rest);
}

function findValueFault({ equals, oneOf, prefix }: JsonObject): string | undefined {
  if (equals !== undefined && !isScalar(equals)) return 'has an equals that is no text, number, boolean or null';
  if (oneOf !== undefined && !isChoice(oneOf))
    return `has a oneOf that is no list of 1 to ${MAX_CHOICES} texts, numbers, booleans or nulls`;
  const isText = prefix === undefined || (typeof prefix === 'string' && prefix !== '' && prefix.length <= MAX_TEXT);
  return isText ? undefined : `has a prefix that is no text of 1 to ${MAX_TEXT} characters`;
}

function findRangeFault({ min, max }: JsonObject): string | undefined {
  if (![min, max].every((bound) => bound === undefined || isNumber(bound))) return 'has a min or max that is no number';
  return isNumber(min) && isNumber(max) && min > max ? 'has a min above its max' : undefined;
}

function findStranger(value: JsonObject, known: readonly string[]): string | undefined {
  const stranger = Object.keys(value).find((key) => !known.includes(key));
  return stranger === undefined ? undefined : `there is no ${stranger.slice(0, 64)}; there are ${known.join(', ')}`;
}

const isName = (name: string): boolean => name.length <= 128 && PRINTABLE.test(name) && name !== '__proto__';
const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);
const isNumber = (value: unknown): value is number => typeof value === 'number' && Math.abs(value) <= Number.MAX_SAFE_INTEGER;
const isChoice = (value: unknown): boolean =>
  Array.isArray(value) && value.length > 0 && value.length <= MAX_CHOICES && value.every(isScalar);
const isScalar = (value: unknown): boolean =>
  value === null || typeof value === 'boolean' || isNumber(value) || (typeof value === 'string' && value.length <= MAX_TEXT);
