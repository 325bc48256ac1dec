/** A target that was called, and how often. */
export interface Use {
  readonly method: string;
  readonly target: string;
  readonly calls: number;
}

/** A permission that stands for targets that were called. */
export interface Suggested {
  readonly permission: string;
  readonly calls: number;
  /** The most called first. */
  readonly targets: readonly string[];
}

/** Up to so many targets of a method are named one by one. */
const MAX_EXACT = 12;
/** So many with the same beginning make a group where there are more. */
const GROUP = 4;
/** The trail keeps names up to this length: what is as long may have been longer. */
const RECORDED_LENGTH = 256;
const SEPARATOR = /[_\-./:]/g;

/**
 * The smallest permissions that cover what was called: exact names first; where there are many, those with the same beginning
 * together, and never a pattern that is wider than a beginning that several of them share.
 */
export function suggestPermissions(uses: readonly Use[]): Suggested[] {
  const methods = [...new Set(uses.map(({ method }) => method))];
  return methods
    .flatMap((method) =>
      ofMethod(
        method,
        uses.filter((use) => use.method === method),
      ),
    )
    .sort((a, b) => b.calls - a.calls);
}

function ofMethod(method: string, uses: readonly Use[]): Suggested[] {
  const left = new Set([...uses].sort((a, b) => b.calls - a.calls));
  const groups: Suggested[] = [];
  while (left.size + groups.length > MAX_EXACT) {
    const group = largestGroup([...left]);
    if (!group) break;
    groups.push(toSuggested(`${method}:${group.prefix}*`, group.uses));
    for (const use of group.uses) left.delete(use);
  }
  return [...groups, ...[...left].map((use) => toSuggested(`${method}:${exact(use.target)}`, [use]))];
}

interface Group {
  readonly prefix: string;
  readonly uses: readonly Use[];
}

/** Of the beginnings that end at a separator: the one with the most targets, and of these the longest, which permits least. */
function largestGroup(uses: readonly Use[]): Group | undefined {
  const byPrefix = new Map<string, Use[]>();
  for (const use of uses) {
    for (const prefix of prefixesOf(use.target)) byPrefix.set(prefix, [...(byPrefix.get(prefix) ?? []), use]);
  }
  const groups = [...byPrefix].map(([prefix, members]) => ({ prefix, uses: members })).filter((group) => group.uses.length >= GROUP);
  return groups.sort((a, b) => b.uses.length - a.uses.length || b.prefix.length - a.prefix.length)[0];
}

/** `file:///data/` is a beginning, `file://` alone says nothing. */
function prefixesOf(target: string): string[] {
  const scheme = /^[a-z][a-z0-9+.-]*:\/*/i.exec(target)?.[0].length ?? 0;
  return [...target.matchAll(SEPARATOR)].flatMap(({ index }) => (index >= scheme ? [target.slice(0, index + 1)] : []));
}

const exact = (target: string): string => (target.length >= RECORDED_LENGTH ? `${target}*` : target);

const toSuggested = (permission: string, uses: readonly Use[]): Suggested => ({
  permission,
  calls: uses.reduce((sum, { calls }) => sum + calls, 0),
  targets: uses.map(({ target }) => target),
});
