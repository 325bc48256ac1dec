import { isObject, type JsonObject, lineOf, member } from './json-object.js';

const MAX_DEPTH = 5;
const MAX_LINES = 400;
const MAX_OPEN = 8;
const MAX_HOPS = 20;
const MAX_VALUES = 30;

/** Follows the references of one document. A circle ends where depth or hops do. */
export class SchemaReader {
  constructor(private readonly document: JsonObject) {}

  resolve(value: unknown): unknown {
    let found = value;
    for (let hop = 0; hop < MAX_HOPS; hop++) {
      const reference = member(found, '$ref');
      if (typeof reference !== 'string') return found;
      if (!reference.startsWith('#/')) return { description: `see ${reference.slice(0, 200)}` };
      found = reference
        .slice(2)
        .split('/')
        .reduce<unknown>((node, part) => member(node, decode(part)), this.document);
    }
    return undefined;
  }

  /** `string`, `array of User`, `string (date)`, `"a" | "b"`. */
  typeOf(value: unknown, depth = 0): string {
    const name = nameOf(value);
    const schema = this.resolve(value);
    if (!isObject(schema) || depth > MAX_DEPTH) return name;
    if (Array.isArray(schema['enum']))
      return schema['enum']
        .slice(0, MAX_VALUES)
        .map((option) => JSON.stringify(option))
        .join(' | ');
    const type = [schema['type']]
      .flat()
      .flatMap((one) => lineOf(one, 40) ?? [])
      .join(' or ');
    if (type === 'array') return `array of ${this.typeOf(schema['items'], depth + 1) || 'anything'}`;
    const format = lineOf(schema['format'], 40);
    return `${name || type}${format ? ` (${format})` : ''}`;
  }
}

/** The members of a schema as a list, each with type and description; what they are made of below them. */
export function schemaLines(value: unknown, schemas: SchemaReader, depth: number): string[] {
  const lines: string[] = [];
  collect({ lines, schemas, open: new Set() }, value, depth);
  return lines;
}

interface Listing {
  readonly lines: string[];
  readonly schemas: SchemaReader;
  /** The schemas that lead here without a member in between. */
  readonly open: ReadonlySet<unknown>;
}

function collect(listing: Listing, value: unknown, depth: number): void {
  const { lines, schemas, open } = listing;
  const schema = schemas.resolve(value);
  if (!isObject(schema) || depth > MAX_DEPTH || open.has(schema) || open.size >= MAX_OPEN) return;
  const within = { ...listing, open: new Set([...open, schema]) };
  for (const part of partsOf(schema)) collect(within, part, depth);
  for (const [name, property] of Object.entries(isObject(schema['properties']) ? schema['properties'] : {})) {
    if (lines.length >= MAX_LINES) return;
    const isRequired = Array.isArray(schema['required']) && schema['required'].includes(name);
    lines.push('  '.repeat(depth) + lineOfMember(name, property, { schemas, isRequired }));
    collect({ ...listing, open: new Set() }, property, depth + 1);
  }
}

/** What a schema is put together from. */
function partsOf(schema: JsonObject): readonly unknown[] {
  const options = ['allOf', 'oneOf', 'anyOf'].flatMap((name) => {
    const list: unknown = schema[name];
    return Array.isArray(list) ? (list as unknown[]).slice(0, MAX_VALUES) : [];
  });
  return schema['items'] === undefined ? options : [...options, schema['items']];
}

function lineOfMember(name: string, property: unknown, { schemas, isRequired }: { schemas: SchemaReader; isRequired: boolean }): string {
  const facts = [schemas.typeOf(property), isRequired ? 'required' : ''].filter((fact) => fact !== '').join(', ');
  const description = lineOf(member(schemas.resolve(property), 'description'), 1000);
  return `- \`${name}\`${facts ? ` (${facts})` : ''}${description ? `: ${description}` : ''}`;
}

function nameOf(value: unknown): string {
  const reference = member(value, '$ref');
  return typeof reference === 'string' ? (reference.split('/').at(-1) ?? '').slice(0, 80) : '';
}

/** JSON Pointer within a URI fragment (RFC 6901 §6). */
function decode(part: string): string {
  let text = part;
  try {
    text = decodeURIComponent(part);
  } catch {
    // A percent sign of its own: the text is meant as it stands.
  }
  return text.replaceAll('~1', '/').replaceAll('~0', '~');
}
