import type { Caller } from '../../protocol/exchange.js';
import { MCP_CODE } from '../../protocol/mcp-error.js';
import { isObject, type JsonObject } from '../message-shape.js';
import { RemoteError } from '../upstream-call.js';
import type { ServerMessage } from './legacy-connection.js';

const MAX_RESOURCES = 200;

/** What a client wants to hear of. */
export interface SubscriptionFilter {
  readonly toolsListChanged?: true;
  readonly promptsListChanged?: true;
  readonly resourcesListChanged?: true;
  readonly resourceSubscriptions?: readonly string[];
}

const LISTS = { toolsListChanged: 'tools', promptsListChanged: 'prompts', resourcesListChanged: 'resources' } as const;

export const listChangedMethod = (capability: string): string => `notifications/${capability}/list_changed`;

/**
 * What a server with these capabilities can be held to, of what is asked for; resources only where the caller may read them.
 * @throws {RemoteError} -32602 where it is no filter.
 */
export function honored(asked: unknown, capabilities: JsonObject, caller: Caller): SubscriptionFilter {
  const uris = isObject(asked) ? (asked['resourceSubscriptions'] ?? []) : undefined;
  if (!isObject(asked) || !Array.isArray(uris) || uris.length > MAX_RESOURCES || !uris.every((uri) => typeof uri === 'string')) {
    const message = `Invalid params: notifications must be a filter, with at most ${MAX_RESOURCES} resources.`;
    throw new RemoteError({ code: MCP_CODE.invalidParams, message });
  }
  const lists = Object.entries(LISTS).filter(
    ([name, capability]) => asked[name] === true && hasFlag(capabilities[capability], 'listChanged'),
  );
  const readable = [...new Set(uris)].filter((uri) => caller.isAllowed({ method: 'resources/read', target: uri }));
  return {
    ...Object.fromEntries(lists.map(([name]) => [name, true])),
    ...(readable.length > 0 && hasFlag(capabilities['resources'], 'subscribe') ? { resourceSubscriptions: readable } : {}),
  };
}

export const isNothing = (filter: SubscriptionFilter): boolean => Object.keys(filter).length === 0;

/** Whether a notification is among what was asked for. */
export function accepts(filter: SubscriptionFilter, { method, params }: ServerMessage): boolean {
  if (method === 'notifications/resources/updated') return filter.resourceSubscriptions?.includes(String(params['uri'])) ?? false;
  return Object.entries(LISTS).some(
    ([name, capability]) => method === listChangedMethod(capability) && filter[name as keyof typeof LISTS] === true,
  );
}

const hasFlag = (capability: unknown, flag: string): boolean => isObject(capability) && capability[flag] === true;
