/**
 * Who may see something, as far as it says so itself: everybody; whoever the server's setting says; every caller with a token
 * (`restricted`, which no setting makes public); or nobody.
 */
export type Access = 'public' | 'default' | 'restricted' | 'hidden';

export type Audience = 'public' | 'authenticated';

/** Who reads. */
export interface Reader {
  readonly audience: Audience;
  /** The groups that its credential was given; none for a public caller. */
  readonly groups: readonly string[];
}

/** What there is to read: a page, an operation, a skill. */
export interface Readable {
  readonly access: Access;
  readonly groups: readonly string[];
}

/**
 * The one rule of who sees what, for search, reading, listing, resources, completion, skills and feedback alike: public callers
 * see what is public; callers with a token see that and what has no groups, and of the rest what is of a group of theirs.
 */
export function mayRead({ access, groups }: Readable, reader: Reader, allPublic: boolean): boolean {
  if (access === 'hidden') return false;
  if (groups.length > 0) return reader.audience === 'authenticated' && groups.some((group) => reader.groups.includes(group));
  return reader.audience === 'authenticated' || access === 'public' || (access === 'default' && allPublic);
}

/** Whom a page that is served is for: everybody, every caller with a token, or some groups of them. */
export const VISIBILITIES = ['public', 'authenticated', 'groups'] as const;
export type Visibility = (typeof VISIBILITIES)[number];

export function visibilityOf(what: Readable, allPublic: boolean): Visibility {
  if (what.groups.length > 0) return 'groups';
  return mayRead(what, { audience: 'public', groups: [] }, allPublic) ? 'public' : 'authenticated';
}
