const MAX_NAMES = 500;

/** Remembers what becomes of a header by its name. Both sides use few names; more than are remembered are decided each time. */
export function byName(decide: (name: string) => boolean): (name: string) => boolean {
  const known = new Map<string, boolean>();
  return (name) => {
    const decided = known.get(name);
    if (decided !== undefined) return decided;
    const decision = decide(name);
    if (known.size < MAX_NAMES) known.set(name, decision);
    return decision;
  };
}
