import { JsonSpans, type Span } from '../json-spans.js';
import type { JsonObject } from '../message-shape.js';

/** A member to be given another value, found by its names from the top. */
export interface Replacement {
  readonly path: readonly string[];
  readonly value: string | number | JsonObject;
}

/**
 * Gives members of a JSON object other values and leaves every other byte alone: writing the whole anew would alter large and
 * decimal numbers (R-GWC-03). What is not there stays away. Expects valid JSON.
 */
export function spliceJson(json: string, replacements: readonly Replacement[]): string {
  const spans = replacements
    .flatMap(({ path, value }) => {
      const span = find(json, path);
      return span ? [{ ...span, value }] : [];
    })
    .sort((a, b) => b.start - a.start);
  return spans.reduce((text, { start, end, value }) => text.slice(0, start) + JSON.stringify(value) + text.slice(end), json);
}

function find(json: string, path: readonly string[]): Span | undefined {
  const spans = new JsonSpans(json);
  let span: Span | undefined = { start: spans.start, end: json.length };
  for (const name of path) {
    if (!span || json[span.start] !== '{') return undefined;
    // Of several with one name the last, as `JSON.parse` has it.
    span = spans.members(span.start).findLast((member) => member.name === name);
  }
  return span;
}
