import { isObject, type JsonObject } from '../message-shape.js';
import type { ServerMessage } from './legacy-connection.js';

/** What a server may ask of a client, by method. */
const CAPABILITIES: ReadonlyMap<string, string> = new Map([
  ['sampling/createMessage', 'sampling'],
  ['elicitation/create', 'elicitation'],
  ['roots/list', 'roots'],
]);

const MAX_LENGTH = 2048;

/** The capabilities that both eras know, so that they can be declared in the other one. */
export function sharedCapabilities(declared: unknown): JsonObject {
  if (!isObject(declared)) return {};
  const shared: Record<string, JsonObject> = {};
  for (const name of CAPABILITIES.values()) {
    const capability = declared[name];
    // Changes of the roots cannot be announced across eras: roots are asked for when they are needed.
    if (isObject(capability)) shared[name] = name === 'roots' ? {} : capability;
  }
  return JSON.stringify(shared).length > MAX_LENGTH ? Object.fromEntries(Object.keys(shared).map((name) => [name, {}])) : shared;
}

/** Whether a client that declared these capabilities can be asked this. */
export function canAnswer(declared: JsonObject, { method, params }: ServerMessage): boolean {
  const name = CAPABILITIES.get(method);
  const capability = name === undefined ? undefined : declared[name];
  if (!isObject(capability)) return false;
  if (name === 'sampling') return params['tools'] === undefined || capability['tools'] !== undefined;
  if (name !== 'elicitation') return true;
  const mode = params['mode'] === 'url' ? 'url' : 'form';
  // Without a mode of its own, the declaration means forms: there was nothing else at first.
  return capability[mode] !== undefined || (mode === 'form' && Object.keys(capability).length === 0);
}
