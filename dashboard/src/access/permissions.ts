import type { components } from '../api/schema.js';

type ServerScope = components['schemas']['ServerScopeViewDto'];
export type Permission = ServerScope['permissions'][number];

/** The pattern of a permission, without its conditions on arguments. */
export const patternOf = (permission: Permission): string => (typeof permission === 'string' ? permission : permission.permission);

const hasConditions = (permission: Permission): boolean =>
  typeof permission !== 'string' && Boolean(permission.arguments ?? permission.schema);

/**
 * Whether a permission such as `tools/call:search_*` covers a tool, with whatever arguments. A preview of what the server
 * decides, for forms that are not saved yet.
 */
export function coversTool(permission: Permission, tool: string): boolean {
  const pattern = patternOf(permission);
  if (pattern === '*' || pattern === 'tools/call') return true;
  const prefix = 'tools/call:';
  if (!pattern.startsWith(prefix)) return false;
  const pieces = pattern
    .slice(prefix.length)
    .split('*')
    .map((piece) => piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${pieces.join('.*')}$`, 's').test(tool);
}

type Permitting = Pick<ServerScope, 'permissions'>;

export const scopesCoverTool = (scopes: readonly Permitting[], tool: string): boolean =>
  scopes.some(({ permissions }) => permissions.some((permission) => coversTool(permission, tool)));

const VERBS: Readonly<Record<string, string>> = {
  'tools/call': 'Call tools',
  'tools/list': 'List tools',
  'resources/read': 'Read resources',
  'resources/list': 'List resources',
  'prompts/get': 'Use prompts',
  'prompts/list': 'List prompts',
};

/** A permission in words: "Call tools: search_*". */
export function describePermission(permission: Permission): string {
  const pattern = patternOf(permission);
  const condition = hasConditions(permission) ? ', with some arguments only' : '';
  if (pattern === '*') return `Everything on this server${condition}`;
  const colon = pattern.indexOf(':');
  const method = colon === -1 ? pattern : pattern.slice(0, colon);
  const verb = VERBS[method] ?? method;
  return `${verb}${colon === -1 ? '' : `: ${pattern.slice(colon + 1)}`}${condition}`;
}

/** A permission as a line of text, and back: a pattern, or JSON where it has conditions. */
export const writePermission = (permission: Permission): string =>
  typeof permission === 'string' ? permission : JSON.stringify(permission);

export function readPermission(line: string): Permission | undefined {
  if (!line.startsWith('{')) return line;
  try {
    return JSON.parse(line) as Permission;
  } catch {
    return undefined;
  }
}
