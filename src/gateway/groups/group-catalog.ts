import { LRUCache } from 'lru-cache';
import type { Caller } from '../../protocol/exchange.js';
import { isObject, type JsonObject } from '../message-shape.js';
import { RemoteError } from '../upstream-call.js';
import { isUnsupported, type Member, reasonOf } from './group-member.js';

/** A list of servers: where its entries are in a result, and what each is called. */
export interface ListKind {
  readonly method: string;
  readonly member: string;
  readonly key: string;
}

export const TOOLS: ListKind = { method: 'tools/list', member: 'tools', key: 'name' };
export const PROMPTS: ListKind = { method: 'prompts/list', member: 'prompts', key: 'name' };
export const RESOURCES: ListKind = { method: 'resources/list', member: 'resources', key: 'uri' };
export const TEMPLATES: ListKind = { method: 'resources/templates/list', member: 'resourceTemplates', key: 'uriTemplate' };
export const LISTS: readonly ListKind[] = [TOOLS, PROMPTS, RESOURCES, TEMPLATES];

const MAX_PAGES = 50;
const MAX_ENTRIES = 5000;
const MAX_CACHED_CHARACTERS = 64 * 1024 * 1024;
/** What a member had is remembered for so long: it goes on owning its names while it is away. */
const REMEMBER_MS = 3600_000;
/** A member that failed is left alone for so long. */
const FAILURE_MS = 5000;

/** A member's list, whole. */
export interface Listed {
  readonly entries: readonly JsonObject[];
  readonly ttlMs: number;
  readonly cacheScope: 'public' | 'private';
  /** On the clock of `performance.now()`. */
  readonly loadedAt: number;
}

/** What is known of a member's list. */
export interface Known {
  readonly member: Member;
  /** The list as it is now; absent where the member could not be asked. */
  readonly listed?: Listed;
  /** The list as it last was. */
  readonly remembered?: Listed;
  readonly reason?: string;
}

interface Failure {
  readonly reason: string;
  readonly until: number;
}

/**
 * The lists of a group's members. What a member calls private is kept for the one caller that it was asked for, what it calls
 * public for all callers of the same face, and neither longer than it says (R-MOD-19).
 */
export class GroupCatalog {
  private readonly lists = new LRUCache<string, Listed>({
    maxSize: MAX_CACHED_CHARACTERS,
    sizeCalculation: ({ entries }) => JSON.stringify(entries).length + 1,
    ttl: REMEMBER_MS,
  });
  private readonly failures = new LRUCache<string, Failure>({ max: 1000 });
  private readonly loading = new Map<string, Promise<Listed>>();

  /** A member's list, not older than `maxAgeMs` and no longer than the member allows, whichever is longer. */
  async get(member: Member, kind: ListKind, caller: Caller, maxAgeMs = 0): Promise<Known> {
    const remembered = this.find(member, kind, caller);
    if (remembered && performance.now() - remembered.loadedAt < Math.max(remembered.ttlMs, maxAgeMs)) {
      return { member, listed: remembered, remembered };
    }
    const known = remembered ? { member, remembered } : { member };
    const reason = this.findFailure(member, kind, caller);
    if (reason !== undefined) return { ...known, reason };
    try {
      const listed = await this.load(member, kind, caller);
      return { member, listed, remembered: listed };
    } catch (error) {
      return { ...known, reason: this.fail(error, member, kind, caller) };
    }
  }

  /** The lists of all members, asked side by side. */
  getAll(members: readonly Member[], kind: ListKind, caller: Caller, maxAgeMs = 0): Promise<Known[]> {
    return Promise.all(members.map((member) => this.get(member, kind, caller, maxAgeMs)));
  }

  /** A member's list has changed: it is asked again next time, and owns its names until then. */
  expire(member: Member, kinds: readonly ListKind[]): void {
    for (const [key, listed] of [...this.lists.entries()]) {
      if (!kinds.some(({ method }) => key.startsWith(`${member.slug} ${method} `))) continue;
      this.lists.set(key, { ...listed, ttlMs: 0, loadedAt: -REMEMBER_MS });
    }
  }

  forget(owner: string): void {
    for (const key of [...this.lists.keys()]) if (key.endsWith(` owner ${owner}`)) this.lists.delete(key);
  }

  private findFailure(member: Member, kind: ListKind, caller: Caller): string | undefined {
    const failure = this.failures.get(memberKey(member, caller)) ?? this.failures.get(privateKey(member, kind, caller));
    return failure && performance.now() < failure.until ? failure.reason : undefined;
  }

  /** A member that refuses one list may give the others. */
  private fail(error: unknown, member: Member, kind: ListKind, caller: Caller): string {
    const reason = reasonOf(error);
    const key = error instanceof RemoteError ? privateKey(member, kind, caller) : memberKey(member, caller);
    this.failures.set(key, { reason, until: performance.now() + FAILURE_MS });
    return reason;
  }

  private find(member: Member, kind: ListKind, caller: Caller): Listed | undefined {
    const found = [publicKey(member, kind, caller), privateKey(member, kind, caller)].map((key) => this.lists.get(key));
    return found.reduce((best, listed) => (listed && (!best || listed.loadedAt > best.loadedAt) ? listed : best), undefined);
  }

  private load(member: Member, kind: ListKind, caller: Caller): Promise<Listed> {
    const key = privateKey(member, kind, caller);
    const underWay = this.loading.get(key);
    if (underWay) return underWay;
    const loading = this.loadAnew(member, kind, caller).finally(() => this.loading.delete(key));
    this.loading.set(key, loading);
    return loading;
  }

  private async loadAnew(member: Member, kind: ListKind, caller: Caller): Promise<Listed> {
    const listed = await loadAll(member, kind, { ...caller, isAllowed: () => true });
    this.failures.delete(memberKey(member, caller));
    this.failures.delete(privateKey(member, kind, caller));
    this.lists.set(listed.cacheScope === 'public' ? publicKey(member, kind, caller) : privateKey(member, kind, caller), listed);
    return listed;
  }
}

const memberKey = ({ slug }: Member, { owner }: Caller): string => `${slug} ${owner}`;

const publicKey = ({ slug }: Member, { method }: ListKind, { audience }: Caller): string => `${slug} ${method} public ${audience}`;

const privateKey = ({ slug }: Member, { method }: ListKind, { owner }: Caller): string => `${slug} ${method} owner ${owner}`;

/** Every page of a list. It is filtered by what its caller may call when it is shown, not when it is kept. */
async function loadAll(member: Member, { method, member: name, key }: ListKind, caller: Caller): Promise<Listed> {
  const entries: JsonObject[] = [];
  let hint: Pick<Listed, 'ttlMs' | 'cacheScope'> = { ttlMs: Number.MAX_SAFE_INTEGER, cacheScope: 'public' };
  const loadedAt = performance.now();
  let cursor: unknown;
  for (let page = 0; page < MAX_PAGES && entries.length < MAX_ENTRIES; page++) {
    const result = await askPage(member, method, cursor, caller);
    if (!result) return { entries: [], ttlMs: 60_000, cacheScope: 'public', loadedAt };
    const listed = Array.isArray(result[name]) ? (result[name] as unknown[]) : [];
    entries.push(...listed.filter(isObject).filter((entry) => typeof entry[key] === 'string'));
    hint = shorter(hint, result);
    cursor = result['nextCursor'];
    if (typeof cursor !== 'string') break;
  }
  return { entries: entries.slice(0, MAX_ENTRIES), ...hint, loadedAt };
}

/** Undefined where the member has no such list. */
async function askPage(member: Member, method: string, cursor: unknown, caller: Caller): Promise<JsonObject | undefined> {
  try {
    return await member.ask(method, cursor === undefined ? {} : { cursor }, caller);
  } catch (error) {
    if (isUnsupported(error)) return undefined;
    throw error;
  }
}

export interface CacheHint {
  readonly ttlMs: number;
  readonly cacheScope: 'public' | 'private';
}

/** How long, and for whom, two results may be kept together. */
export function shorter(one: CacheHint, { ttlMs, cacheScope }: { readonly ttlMs?: unknown; readonly cacheScope?: unknown }): CacheHint {
  const other = typeof ttlMs === 'number' && ttlMs >= 0 ? ttlMs : 0;
  return { ttlMs: Math.min(one.ttlMs, other), cacheScope: one.cacheScope === 'public' && cacheScope === 'public' ? 'public' : 'private' };
}
