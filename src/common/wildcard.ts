/** Whether a text matches a pattern in which `*` stands for any characters, also none. */
export const matchesWildcard = (pattern: string, text: string): boolean => matchesPieces(pattern.split('*'), text);

/** The same for a pattern that was split at its asterisks. Each piece in turn at its first place: linear in the text for every piece, whatever the pattern. */
export function matchesPieces(pieces: readonly string[], text: string): boolean {
  const first = pieces[0] ?? '';
  if (pieces.length === 1) return text === first;
  const last = pieces.at(-1) ?? '';
  const end = text.length - last.length;
  if (end < first.length || !text.startsWith(first) || !text.endsWith(last)) return false;
  let at = first.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = text.indexOf(piece, at);
    if (found === -1 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return true;
}
