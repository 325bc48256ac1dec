import { z } from 'zod';
import type { CallToolResult } from '@modelcontextprotocol/server';
import type { DocsLibrary } from './docs-library.js';
import { type DocsTool, faultOf } from './docs-tool.js';
import { noSuchPage, readAddress } from './read-tool.js';

const MAX_DESCRIPTION = 4000;

/** What a client reports of a page. */
export interface Feedback {
  readonly page: string;
  readonly description: string;
  /** A credential's id, or `public`. */
  readonly owner: string;
}

/** Keeps a report. Gives 0 where that was done, else the seconds to wait. */
export type KeepFeedback = (feedback: Feedback) => Promise<number>;

const input = z.strictObject({
  path: z.string().trim().min(1).max(512),
  description: z.string().trim().min(1).max(MAX_DESCRIPTION),
});

/** Tells those who write the documentation what is wrong with it. */
export function feedbackTool(library: DocsLibrary, keep: KeepFeedback, name: string): DocsTool {
  return {
    name: 'submit_feedback',
    describe: () => ({
      name: 'submit_feedback',
      title: `Report on ${name}`,
      description: `Tells those who write the documentation "${name}" that a page is wrong, out of date, unclear or lacks something. People read it, so say what you looked for and what you found instead. No secrets or personal data.`,
      inputSchema: INPUT_SCHEMA,
      outputSchema: OUTPUT_SCHEMA,
      annotations: { title: `Report on ${name}`, readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false },
    }),
    call: (values, caller) => {
      const { path, description } = input.parse(values);
      const page = library.find(readAddress(path).path, caller);
      if (!page) return noSuchPage(library, path, caller);
      return keep({ page: page.path, description, owner: caller.owner }).then(toResult, toFault);
    },
  };
}

const INPUT_SCHEMA = {
  type: 'object' as const,
  properties: {
    path: { type: 'string', minLength: 1, maxLength: 512, description: 'The path of the page, e.g. guides/install.' },
    description: { type: 'string', minLength: 1, maxLength: MAX_DESCRIPTION, description: 'What is wrong with it, or what it lacks.' },
  },
  required: ['path', 'description'],
  additionalProperties: false,
};

const OUTPUT_SCHEMA = {
  type: 'object' as const,
  properties: { isKept: { type: 'boolean', description: 'Whether somebody will read it.' } },
  required: ['isKept'],
};

function toResult(wait: number): CallToolResult {
  if (wait > 0) return faultOf(`Too many reports. Try again in ${Math.ceil(wait)} seconds.`);
  return {
    content: [{ type: 'text', text: 'Thank you. The report was kept for those who write the documentation.' }],
    structuredContent: { isKept: true },
  };
}

/** The database is away, which is logged there. */
const toFault = (): CallToolResult => faultOf('The report could not be kept. Try again later.');
