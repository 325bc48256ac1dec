import { posix } from 'node:path';
import { member } from './json-object.js';

/** The constants of a module and what its imports are called; read from its syntax tree, never evaluated. */
export interface ModuleFacts {
  readonly values: ReadonlyMap<string, string>;
  readonly imports: readonly Import[];
}

export interface Import {
  /** The name within the importing file. */
  readonly local: string;
  /** Undefined for the file itself. */
  readonly imported: string | undefined;
  readonly from: string;
}

const MAX_DEPTH = 4;

/** Reads `import` and `export const` of a syntax tree (ESTree). */
export function factsOf(program: unknown): ModuleFacts {
  const values = new Map<string, string>();
  const imports: Import[] = [];
  for (const statement of listOf(member(program, 'body'))) {
    if (member(statement, 'type') === 'ImportDeclaration') imports.push(...importsOf(statement));
    for (const declarator of listOf(member(member(statement, 'declaration'), 'declarations'))) {
      const name = member(member(declarator, 'id'), 'name');
      if (typeof name === 'string') collect(values, name, member(declarator, 'init'), 0);
    }
  }
  return { values, imports };
}

function importsOf(statement: unknown): Import[] {
  const from = member(member(statement, 'source'), 'value');
  if (typeof from !== 'string') return [];
  return listOf(member(statement, 'specifiers')).flatMap((specifier) => {
    const local = member(member(specifier, 'local'), 'name');
    const imported = member(specifier, 'type') === 'ImportSpecifier' ? member(member(specifier, 'imported'), 'name') : undefined;
    return typeof local === 'string' ? [{ local, imported: typeof imported === 'string' ? imported : undefined, from }] : [];
  });
}

/** `a` and, where it is an object, `a.b`. */
function collect(values: Map<string, string>, name: string, node: unknown, depth: number): void {
  const text = literalOf(node);
  if (text !== undefined) values.set(name, text);
  if (depth >= MAX_DEPTH) return;
  for (const property of listOf(member(node, 'properties'))) {
    const key = member(member(property, 'key'), 'name') ?? member(member(property, 'key'), 'value');
    if (typeof key === 'string') collect(values, `${name}.${key}`, member(property, 'value'), depth + 1);
  }
}

/** A string, a number, or a template without holes. */
export function literalOf(node: unknown): string | undefined {
  const value = member(node, 'value');
  if (member(node, 'type') === 'Literal') return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
  if (member(node, 'type') !== 'TemplateLiteral' || listOf(member(node, 'expressions')).length > 0) return undefined;
  const [quasi] = listOf(member(node, 'quasis'));
  const cooked = member(member(quasi, 'value'), 'cooked');
  return typeof cooked === 'string' ? cooked : undefined;
}

/** The expression of `{…}`. */
export function expressionOf(program: unknown): unknown {
  const [statement] = listOf(member(program, 'body'));
  return member(statement, 'expression');
}

/** Where an import leads within the folder; undefined where it leads out of it, or is a package. */
export function resolveImport(from: string, file: string): string | undefined {
  if (!/^(\.{1,2})?\//.test(from)) return undefined;
  const path = from.startsWith('/') ? posix.normalize(from.slice(1)) : posix.normalize(posix.join(posix.dirname(file), from));
  return path === '..' || path.startsWith('../') || path.startsWith('/') ? undefined : path;
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as readonly unknown[]) : []);
