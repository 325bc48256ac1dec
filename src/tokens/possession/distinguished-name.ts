/** An escaped character, escaped bytes one by one, or a character that stands for itself. */
const CHARACTER = /\\[0-9a-f]{2}|\\[^0-9a-f]|[^\\]/giu;
const TYPE = /^(?:[A-Z][A-Z0-9-]*|[0-9]+(?:\.[0-9]+)*)$/;
const SPECIAL = /[,+"\\<>;=]|^[ #]| $/g;
const CONTROL = /\p{Cc}/gu;
const MAX_LENGTH = 4096;

/**
 * One spelling for a distinguished name in its string form (RFC 4514), so that two can be compared: types in upper case, no
 * spaces around separators, one way of escaping. Values keep their case. Undefined for what is no such name, for the
 * empty one, and for values in the `#` form.
 */
export function normalizeDn(text: string): string | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const characters = text.match(CHARACTER) ?? [];
  if (characters.join('') !== text) return undefined; // a lone backslash
  const names = split(characters, ',').map((name) => split(name, '+').map(normalizeAttribute));
  if (names.some((attributes) => attributes.includes(undefined))) return undefined;
  // The attributes of one name are a set.
  return names.map((attributes) => attributes.sort().join('+')).join(',');
}

function normalizeAttribute(characters: readonly string[]): string | undefined {
  const equals = characters.indexOf('=');
  const type = characters.slice(0, equals).join('').trim().toUpperCase();
  const value = trim(characters.slice(equals + 1));
  if (equals === -1 || !TYPE.test(type) || value[0] === '#' || value.includes('"')) return undefined;
  return `${type}=${escape(unescape(value))}`;
}

function split(characters: readonly string[], separator: string): string[][] {
  const parts: string[][] = [[]];
  for (const character of characters) {
    if (character === separator) parts.push([]);
    else parts.at(-1)?.push(character);
  }
  return parts;
}

/** Escaped spaces stay. */
function trim(characters: readonly string[]): readonly string[] {
  const first = characters.findIndex((character) => character !== ' ');
  const last = characters.findLastIndex((character) => character !== ' ');
  return first === -1 ? [] : characters.slice(first, last + 1);
}

/** Escaped bytes are UTF-8, and several may make one character (RFC 4514 §2.4). */
function unescape(characters: readonly string[]): string {
  const bytes = characters.map((character) => {
    if (!character.startsWith('\\')) return Buffer.from(character);
    return character.length === 3 ? Buffer.from(character.slice(1), 'hex') : Buffer.from(character.slice(1));
  });
  return Buffer.concat(bytes).toString('utf8');
}

const escape = (value: string): string =>
  value.replace(SPECIAL, (character) => `\\${character}`).replace(CONTROL, (character) => `\\${Buffer.from(character).toString('hex')}`);
