import { MCP_CODE } from '../../protocol/mcp-error.js';
import type { JsonObject } from '../message-shape.js';
import { RemoteError } from '../upstream-call.js';
import { type CacheHint, type Known, type ListKind, PROMPTS, shorter, TOOLS } from './group-catalog.js';
import type { Member } from './group-member.js';

/** Members of a result's `_meta` that say what a list lacks. */
export const UNAVAILABLE_KEY = 'gatehouse/unavailableMembers';
export const CLASHES_KEY = 'gatehouse/clashes';

const PAGE_ENTRIES = 250;
const MAX_REPORTED = 100;

/** A name that more than one member has; nobody gets it, so that none is taken for another. */
export interface Clash {
  readonly name: string;
  readonly servers: readonly string[];
}

interface Entry {
  readonly member: Member;
  readonly name: string;
  readonly value: JsonObject;
}

/** What a tool, prompt, resource or template is called in the group. */
export function publicNameOf(member: Member, kind: ListKind, entry: JsonObject): string {
  const name = String(entry[kind.key]);
  return kind === TOOLS || kind === PROMPTS ? member.publicName(name) : name;
}

/** Names that several members have, those among them that are away. */
export function findClashes(known: readonly Known[], kind: ListKind): Clash[] {
  const owners = new Map<string, Set<string>>();
  for (const { member, remembered } of known) {
    for (const entry of remembered?.entries ?? []) {
      const name = publicNameOf(member, kind, entry);
      owners.set(name, (owners.get(name) ?? new Set()).add(member.slug));
    }
  }
  return [...owners].flatMap(([name, servers]) => (servers.size > 1 ? [{ name, servers: [...servers] }] : []));
}

/** A page of the members' lists, one after another, under the names that the group gives. @throws {RemoteError} for a cursor that is none. */
export function mergePage(known: readonly Known[], kind: ListKind, cursor: unknown): JsonObject {
  const clashes = findClashes(known, kind);
  const clashing = new Set(clashes.map(({ name }) => name));
  const entries = known.flatMap(({ member, listed }) =>
    entriesOf(member, kind, listed?.entries ?? []).filter(({ name }) => !clashing.has(name)),
  );
  const start = cursor === undefined ? 0 : startOf(entries, known, readCursor(cursor));
  const page = entries.slice(start, start + PAGE_ENTRIES);
  const last = page.at(-1);
  const isLast = start + PAGE_ENTRIES >= entries.length;
  return {
    resultType: 'complete',
    [kind.member]: page.map(({ value }) => value),
    ...(isLast || !last ? {} : { nextCursor: writeCursor(last) }),
    ...hintOf(known),
    ...metaOf(known, clashes),
  };
}

/** What is missing from a result, and why. */
export function metaOf(known: readonly Pick<Known, 'member' | 'reason'>[], clashes: readonly Clash[] = []): JsonObject {
  const unavailable = known.flatMap(({ member, reason }) => (reason === undefined ? [] : [{ server: member.slug, reason }]));
  const _meta = {
    ...(unavailable.length > 0 ? { [UNAVAILABLE_KEY]: unavailable } : {}),
    ...(clashes.length > 0 ? { [CLASHES_KEY]: clashes.slice(0, MAX_REPORTED) } : {}),
  };
  return Object.keys(_meta).length > 0 ? { _meta } : {};
}

/** What lacks a member is not kept: the member may be back at any time. */
export function hintOf(known: readonly Known[]): CacheHint {
  const now = performance.now();
  return known.reduce<CacheHint>(
    (hint, { listed }) =>
      shorter(
        hint,
        listed ? { ...listed, ttlMs: Math.max(0, Math.round(listed.ttlMs - (now - listed.loadedAt))) } : { ttlMs: 0, cacheScope: 'public' },
      ),
    { ttlMs: 24 * 3600_000, cacheScope: 'public' },
  );
}

const entriesOf = (member: Member, kind: ListKind, entries: readonly JsonObject[]): Entry[] =>
  entries.map((value) => {
    const name = publicNameOf(member, kind, value);
    return { member, name, value: { ...value, [kind.key]: name } };
  });

interface Position {
  readonly server: string;
  readonly name: string;
}

const writeCursor = ({ member, name }: Entry): string => Buffer.from(JSON.stringify([member.slug, name])).toString('base64url');

function readCursor(cursor: unknown): Position {
  const read: unknown =
    typeof cursor === 'string' && cursor.length < 10_000 ? parse(Buffer.from(cursor, 'base64url').toString('utf8')) : undefined;
  if (!Array.isArray(read) || typeof read[0] !== 'string' || typeof read[1] !== 'string') throw invalidCursor();
  return { server: read[0], name: read[1] };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not one of ours, which is all that is to be known of it.
    return undefined;
  }
}

/** Where the page after an entry begins. Where that entry is gone, its member's part is shown again: rather twice than never. */
function startOf(entries: readonly Entry[], known: readonly Known[], { server, name }: Position): number {
  const at = entries.findIndex((entry) => entry.member.slug === server && entry.name === name);
  if (at !== -1) return at + 1;
  const order = known.map(({ member }) => member.slug);
  const rank = order.indexOf(server);
  if (rank === -1) throw invalidCursor();
  const next = entries.findIndex(({ member }) => order.indexOf(member.slug) >= rank);
  return next === -1 ? entries.length : next;
}

const invalidCursor = (): RemoteError =>
  new RemoteError({ code: MCP_CODE.invalidParams, message: 'Invalid params: the cursor is none of this list.' });
