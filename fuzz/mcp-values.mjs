// Pieces of JSON that something, somewhere, has once choked on.
import { oddText } from './values.mjs';

export const deepJson = (depth) => `${'['.repeat(depth)}${']'.repeat(depth)}`;

/** JSON texts that stand where a value should. */
const TEXTS = [
  'null',
  'true',
  'false',
  '0',
  '-0',
  '-1',
  '1.5',
  '1e309',
  '-1e309',
  '1e-400',
  '9007199254740993',
  '123456789012345678901234567890',
  '""',
  '"\\u0000"',
  '"\\ud800"',
  '"__proto__"',
  '[]',
  '[[]]',
  '{}',
  '{"a":{}}',
  '{"__proto__":{"isAllowed":true}}',
  '{"constructor":{"prototype":{}}}',
  '{"toString":1,"length":-1}',
  '"2026-07-28"',
  '["2026-07-28"]',
];

/** A JSON text of some value that nobody expects. */
export function oddJson(random) {
  if (random.chance(60)) return random.pick(TEXTS);
  if (random.chance(80)) return JSON.stringify(oddText(random));
  return random.chance(70) ? deepJson(random.pick([10, 60, 64, 65, 200])) : JSON.stringify('x'.repeat(random.pick([300, 5000, 70_000])));
}
