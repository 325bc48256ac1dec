// Texts that something, somewhere, has once choked on.

const FIXED = [
  ' ',
  '\0',
  '\r\nset-cookie: a=b',
  '"',
  '\\',
  '\\"',
  "'; DROP TABLE credentials; --",
  '%00',
  '%',
  '%25%25',
  '${7*7}{{7*7}}<%= 7 %>',
  '%s%n%x%d',
  '../../../../etc/passwd',
  '<script>alert(1)</script>',
  '__proto__',
  'constructor',
  'toString',
  'null',
  'undefined',
  'NaN',
  'true',
  '-1',
  '1e309',
  '9007199254740993',
  '[]',
  '{}',
  '{"a":1}',
  '\u{1F600}',
  '\u202Eevil',
  '\uFEFF',
  'ﬀ',
  'İ',
  'e\u0301',
  '\uFFFD',
  '\x7f',
  '\x80\x9f',
  '.',
  '..',
  'a.b.c',
  '....',
  'eyJhbGciOiJub25lIn0.e30.',
  '==',
  '*',
  'mcc_',
  'mcs_',
  'Basic Og==',
];
/** Around where a limit stands: of a proof, an assertion, a jti, a client id in a key, the body. */
const LENGTHS = [63, 64, 65, 255, 256, 257, 500, 501, 512, 513, 1000, 1001, 2048, 8191, 8192, 8193, 16_383, 16_384, 16_385, 60_000];
const FILLERS = ['a', 'ä', '\u{1F600}', '%', '\0', ' ', '.', '(', '\\', '"'];

/** Some text that nobody expects; long ones are rare. */
export function oddText(random) {
  return random.weighted([
    [60, () => random.pick(FIXED)],
    [15, () => random.text(1 + random.int(40))],
    [10, () => random.bytes(1 + random.int(30)).toString('latin1')],
    [6, () => random.pick(FILLERS).repeat(random.pick(LENGTHS))],
    [5, () => random.pick(FIXED) + random.pick(FIXED)],
    [4, () => ''],
  ])();
}

/** As {@link oddText}, and recognisable wherever it turns up again. */
export const oddSecret = (random) => `canary${random.text(12)}${random.chance(50) ? oddText(random) : ''}`;

/** A JSON value of any type, nested now and then. */
export function oddJson(random, depth = 0) {
  return random.weighted([
    [10, () => oddText(random)],
    [4, () => random.pick([0, -1, 1, 1.5, 2 ** 31, 2 ** 53, -(2 ** 53), 1e308, 5e-324])],
    [3, () => random.pick([null, true, false])],
    [2, () => (depth > 3 ? [] : Array.from({ length: random.int(4) }, () => oddJson(random, depth + 1)))],
    [2, () => (depth > 3 ? {} : Object.fromEntries([[oddText(random), oddJson(random, depth + 1)]]))],
    [1, () => nested(random.pick([10, 1000]))],
  ])();
}

function nested(depth) {
  let value = [];
  for (let i = 0; i < depth; i++) value = [value];
  return value;
}
