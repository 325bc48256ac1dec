/** A name as a parser without regard for case reads it, `\u017f` (s) and `\u212a` (k) included (Unicode simple case folding). */
export const foldCase = (name: string): string => name.toUpperCase().toLowerCase();
