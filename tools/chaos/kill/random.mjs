/** One of a list; undefined of an empty one. */
export const oneOf = (list) => list[Math.floor(Math.random() * list.length)];

/** A whole number, both ends included. */
export const between = (low, high) => low + Math.floor(Math.random() * (high - low + 1));
