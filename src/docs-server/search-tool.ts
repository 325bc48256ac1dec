import type { Tool } from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { Reader } from './content/access.js';
import type { DocsLibrary, Hit } from './docs-library.js';
import { type DocsTool, faultOf, HINTS } from './docs-tool.js';

const DEFAULT_LIMIT = 10;
/** A client that knows them all does not need a longer list. */
const MAX_CHOICES = 100;

const choice = z.string().trim().min(1).max(64).optional();
const input = z.strictObject({
  query: z.string().trim().min(1).max(400),
  limit: z.number().int().min(1).max(50).optional(),
  version: choice,
  language: choice,
});

/** Finds sections. */
export function searchTool(library: DocsLibrary, name: string, suffix: string): DocsTool {
  return {
    name: `search_${suffix}`,
    describe: (reader) => describeTool(library, { name, suffix }, reader),
    call: (values, reader) => {
      const { query, limit = DEFAULT_LIMIT, version, language } = input.parse(values);
      const unknown =
        unknownChoice('version', version, library.versions(reader)) ?? unknownChoice('language', language, library.languagesOf(reader));
      if (unknown !== undefined) return faultOf(unknown);
      const results = library.search({ query, limit, version, language }, reader);
      return { content: [{ type: 'text', text: listHits(query, results) }], structuredContent: { results } };
    },
  };
}

function describeTool(library: DocsLibrary, { name, suffix }: { name: string; suffix: string }, reader: Reader): Tool {
  return {
    name: `search_${suffix}`,
    title: `Search ${name}`,
    description: `Searches the documentation "${name}" and returns the sections that match best, each with title, path, heading, link and a snippet. Read a page or a section in full with read_${suffix}; look through many pages with query_docs_filesystem_${suffix}.`,
    inputSchema: {
      type: 'object',
      properties: {
        query: {
          type: 'string',
          minLength: 1,
          maxLength: 400,
          description:
            'What to look for: a few words, a name from code, or a question. Words in quotation marks are looked for as they stand.',
        },
        limit: { type: 'integer', minimum: 1, maximum: 50, default: DEFAULT_LIMIT, description: 'How many results at the most.' },
        ...choiceOf('version', library.versions(reader), 'Only pages of this version, and those that belong to all.'),
        ...choiceOf('language', library.languagesOf(reader), 'Only pages in this language, and those that belong to all.'),
      },
      required: ['query'],
      additionalProperties: false,
    },
    outputSchema: OUTPUT_SCHEMA,
    annotations: { title: `Search ${name}`, ...HINTS },
  };
}

/** Where there is but one, there is nothing to choose. */
const choiceOf = (name: string, choices: readonly string[], description: string): Record<string, object> =>
  choices.length < 2 ? {} : { [name]: { type: 'string', enum: choices.slice(0, MAX_CHOICES), description } };

function unknownChoice(name: string, value: string | undefined, choices: readonly string[]): string | undefined {
  if (value === undefined || choices.includes(value)) return undefined;
  return `There is no ${name} "${value}". ${choices.length === 0 ? `Leave ${name} out.` : `There are: ${choices.slice(0, MAX_CHOICES).join(', ')}.`}`;
}

const HIT_PROPERTIES = {
  title: { type: 'string', description: 'The page.' },
  path: { type: 'string', description: 'Its path, for reading it.' },
  heading: { type: 'string', description: 'The section; empty for what stands before the first heading.' },
  link: { type: 'string', description: 'Path and anchor on the documentation site; the anchor is what reading takes as section.' },
  snippet: { type: 'string', description: 'The text around what was found.' },
};

const OUTPUT_SCHEMA = {
  type: 'object' as const,
  properties: {
    results: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          ...HIT_PROPERTIES,
          version: { type: 'string', description: 'The version that the page belongs to, if to one.' },
          language: { type: 'string', description: 'The language that the page is in, if that is known.' },
        },
        required: Object.keys(HIT_PROPERTIES),
      },
    },
  },
  required: ['results'],
};

function listHits(query: string, hits: readonly Hit[]): string {
  if (hits.length === 0) return `Nothing was found for "${query}". Try fewer or other words.`;
  return hits.map(describeHit).join('\n\n');
}

function describeHit({ title, heading, link, path, snippet, version }: Hit, index: number): string {
  const name = `**${title}**${heading && heading !== title ? ` › ${heading}` : ''}${version ? ` (${version})` : ''}`;
  return `${index + 1}. ${name}\n   path: ${path} · link: ${link}\n   ${snippet}`;
}
