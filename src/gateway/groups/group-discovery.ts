import type { Caller } from '../../protocol/exchange.js';
import { SERVER_INFO_KEY } from '../eras/meta.js';
import { isObject, type JsonObject } from '../message-shape.js';
import { MODERN_VERSIONS } from '../protocol-versions.js';
import { type CacheHint, shorter } from './group-catalog.js';
import { metaOf } from './group-lists.js';
import { type Member, reasonOf } from './group-member.js';

const MAX_INSTRUCTIONS = 20_000;
/** What a group can pass on, and the flags of it. */
const CAPABILITIES: Readonly<Record<string, readonly string[]>> = {
  tools: ['listChanged'],
  prompts: ['listChanged'],
  resources: ['listChanged', 'subscribe'],
  completions: [],
  logging: [],
};

interface Answered {
  readonly member: Member;
  readonly discovered?: JsonObject;
  readonly reason?: string;
}

/** `server/discover` of a group: what any of its members can do. */
export class GroupDiscovery {
  constructor(
    private readonly members: readonly Member[],
    private readonly serverInfo: { readonly name: string; readonly version: string },
  ) {}

  async discover(caller: Caller): Promise<JsonObject> {
    const answered = await Promise.all(this.members.map((member) => ask(member, caller)));
    const present = answered.flatMap(({ discovered }) => (discovered ? [discovered] : []));
    const hint = answered.reduce<CacheHint>((common, { discovered }) => shorter(common, discovered ?? { ttlMs: 0, cacheScope: 'public' }), {
      ttlMs: 24 * 3600_000,
      cacheScope: 'public',
    });
    const { _meta = {} } = metaOf(answered);
    return {
      resultType: 'complete',
      supportedVersions: MODERN_VERSIONS,
      capabilities: mergeCapabilities(present.map(({ capabilities }) => capabilities)),
      ...instructionsOf(answered),
      ...hint,
      _meta: { ...(_meta as JsonObject), [SERVER_INFO_KEY]: this.serverInfo },
    };
  }
}

async function ask(member: Member, caller: Caller): Promise<Answered> {
  try {
    return { member, discovered: await member.ask('server/discover', {}, caller) };
  } catch (error) {
    return { member, reason: reasonOf(error) };
  }
}

function mergeCapabilities(all: readonly unknown[]): JsonObject {
  const merged: Record<string, JsonObject> = {};
  for (const [name, flags] of Object.entries(CAPABILITIES)) {
    const own = all.flatMap((capabilities) => (isObject(capabilities) && isObject(capabilities[name]) ? [capabilities[name]] : []));
    if (own.length === 0) continue;
    merged[name] = Object.fromEntries(
      flags.filter((flag) => own.some((capability) => capability[flag] === true)).map((flag) => [flag, true]),
    );
  }
  return merged;
}

/** Each member's instructions under its name, so that a model knows what they are about. */
function instructionsOf(answered: readonly Answered[]): JsonObject {
  const parts = answered.flatMap(({ member, discovered }) => {
    const text = discovered?.['instructions'];
    return typeof text === 'string' && text !== '' ? [`## ${member.slug}\n\n${prefixNote(member)}${text}`] : [];
  });
  return parts.length === 0 ? {} : { instructions: parts.join('\n\n').slice(0, MAX_INSTRUCTIONS) };
}

const prefixNote = ({ prefix }: Member): string => (prefix === '' ? '' : `The names of its tools and prompts begin with ${prefix}\n\n`);
