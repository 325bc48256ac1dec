import { parseDocument } from 'yaml';
import { isObject, type JsonObject, lineOf, member } from './json-object.js';
import { schemaLines, SchemaReader } from './openapi-schema.js';
import { slugOf } from './slug.js';

/** One operation of a specification, as a page. */
export interface ApiOperation {
  /** `GET /users/{id}` */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Its path below the specification's folder: `users/get-a-user`. */
  readonly path: string;
  readonly markdown: string;
}

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace', 'query'] as const;
const MAX_OPERATIONS = 5000;
const MAX_TEXT = 20_000;

/**
 * Reads an OpenAPI 3 or Swagger 2 document, in JSON or YAML. References within the document are followed, others are named.
 * @throws with the reason where it is none.
 */
export function readSpecification(text: string): ApiOperation[] {
  const document = parse(text);
  if (!isObject(document) || (document['openapi'] ?? document['swagger']) === undefined) throw new Error('it is no OpenAPI document');
  const schemas = new SchemaReader(document);
  const taken = new Set<string>();
  const operations: ApiOperation[] = [];
  for (const [path, value] of entriesOf(document['paths'])) {
    const item = schemas.resolve(value);
    for (const method of METHODS) {
      const operation = member(item, method);
      if (!isObject(operation) || operation['x-hidden'] === true || operation['x-excluded'] === true) continue;
      if (operations.length >= MAX_OPERATIONS) return operations;
      operations.push(toOperation({ method: method.toUpperCase(), path, item, operation, schemas }, taken));
    }
  }
  return operations;
}

/** The operation that a page names: `GET /users`, perhaps after the name of a file. */
export function splitOperationName(text: string): { readonly source: string | undefined; readonly name: string } | undefined {
  const match = /^(?:(\S+)\s+)?(GET|PUT|POST|DELETE|OPTIONS|HEAD|PATCH|TRACE|QUERY)\s+(\/\S*)$/i.exec(text.trim());
  return match ? { source: match[1], name: `${(match[2] ?? '').toUpperCase()} ${match[3] ?? ''}` } : undefined;
}

function parse(text: string): unknown {
  if (/^\s*\{/.test(text)) return JSON.parse(text);
  const document = parseDocument(text, { logLevel: 'silent', uniqueKeys: false });
  const [error] = document.errors;
  if (error) throw error;
  return document.toJS({ maxAliasCount: 1000 });
}

interface Found {
  readonly method: string;
  readonly path: string;
  readonly item: unknown;
  readonly operation: JsonObject;
  readonly schemas: SchemaReader;
}

function toOperation(found: Found, taken: Set<string>): ApiOperation {
  const { method, path, operation } = found;
  const name = `${method} ${path}`;
  const title = lineOf(operation['summary']) ?? lineOf(operation['operationId']) ?? name;
  const tag = lineOf(Array.isArray(operation['tags']) ? operation['tags'][0] : undefined);
  const own = lineOf(operation['summary']) ?? `${method} ${path.replace(/[/{}]+/g, ' ')}`.replace(/ +/g, ' ').trim();
  const base = `${tag ? `${slugOf(tag)}/` : ''}${slugOf(own)}`;
  let unique = base;
  for (let i = 1; taken.has(unique); i++) unique = `${base}-${i}`;
  taken.add(unique);
  const description = lineOf(operation['description'], 300) ?? '';
  return { name, title, description, path: unique, markdown: render(found, title) };
}

function render(found: Found, title: string): string {
  const { method, path, operation, item, schemas } = found;
  const parts = [
    `# ${title}`,
    `\`${method} ${path}\`${operation['deprecated'] === true ? ' (deprecated)' : ''}`,
    textOf(operation['description']),
    parametersOf([member(item, 'parameters'), operation['parameters']].flat(), schemas),
    bodyOf(schemas.resolve(operation['requestBody']), schemas),
    ...entriesOf(operation['responses']).map(([status, response]) => responseOf(status, schemas.resolve(response), schemas)),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function parametersOf(list: readonly unknown[], schemas: SchemaReader): string {
  const lines = list.flatMap((value) => {
    const parameter = schemas.resolve(value);
    const name = lineOf(member(parameter, 'name'));
    if (name === undefined) return [];
    const place = lineOf(member(parameter, 'in')) ?? '';
    const schema = member(parameter, 'schema') ?? parameter;
    const facts = [place, schemas.typeOf(schema), member(parameter, 'required') === true ? 'required' : ''].filter((fact) => fact !== '');
    const own = `- \`${name}\` (${facts.join(', ')})${describe(member(parameter, 'description') ?? member(schema, 'description'))}`;
    return place === 'body' ? [own, ...schemaLines(schema, schemas, 1)] : [own];
  });
  return lines.length === 0 ? '' : `## Parameters\n\n${lines.join('\n')}`;
}

function bodyOf(body: unknown, schemas: SchemaReader): string {
  const content = contentOf(body, schemas);
  if (content === '' && textOf(member(body, 'description')) === '') return '';
  return ['## Request body', textOf(member(body, 'description')), content].filter((part) => part !== '').join('\n\n');
}

function responseOf(status: string, response: unknown, schemas: SchemaReader): string {
  const own = member(response, 'schema');
  const content = own === undefined ? contentOf(response, schemas) : schemaLines(own, schemas, 0).join('\n');
  return [`## Response ${status}`, textOf(member(response, 'description')), content].filter((part) => part !== '').join('\n\n');
}

function contentOf(holder: unknown, schemas: SchemaReader): string {
  return entriesOf(member(holder, 'content'))
    .map(([type, media]) => {
      const lines = schemaLines(member(media, 'schema'), schemas, 0);
      return [`\`${type}\``, lines.join('\n')].filter((part) => part !== '').join('\n\n');
    })
    .join('\n\n');
}

const describe = (value: unknown): string => {
  const text = lineOf(value, 1000);
  return text ? `: ${text}` : '';
};

const textOf = (value: unknown): string => (typeof value === 'string' ? value.slice(0, MAX_TEXT).trim() : '');

const entriesOf = (value: unknown): [string, unknown][] => (isObject(value) ? Object.entries(value) : []);
