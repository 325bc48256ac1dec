import { z } from 'zod';
import type { CallToolResult } from '@modelcontextprotocol/server';
import type { DocsLibrary } from './docs-library.js';
import { type DocsTool, faultOf, HINTS } from './docs-tool.js';
import { COMMANDS, MAX_OUTPUT_BYTES, type ShellResult } from './shell/command-names.js';
import { ShellRefusal, type ShellThreads } from './shell/shell-threads.js';

const MAX_COMMAND = 4000;

const input = z.strictObject({ command: z.string().trim().min(1).max(MAX_COMMAND) });

/** Reads pages as files: lists, searches and cuts them with the commands of a shell. */
export function shellTool(library: DocsLibrary, shell: ShellThreads, { name, suffix }: { name: string; suffix: string }): DocsTool {
  return {
    name: `query_docs_filesystem_${suffix}`,
    describe: () => ({
      name: `query_docs_filesystem_${suffix}`,
      title: `Read files of ${name}`,
      description: `Runs a shell command over the documentation "${name}", whose pages are Markdown files of a read-only file system: the page guides/install is /guides/install.md. Several pages in one call: \`head -n 40 /a.md /b.md\`; every mention: \`grep -rin "rate limit" .\`; what there is: \`tree -L 2\`. Commands: ${COMMANDS.join(', ')}, with pipes, globs and \`&&\`. Every call starts in /. There is nothing else in it: no network, no writing.`,
      inputSchema: INPUT_SCHEMA,
      outputSchema: OUTPUT_SCHEMA,
      annotations: { title: `Read files of ${name}`, ...HINTS },
    }),
    call: (values, caller) => {
      const { command } = input.parse(values);
      const { audience, groups, owner } = caller;
      const { indexFile, allPublic } = library;
      return shell.run({ indexFile, allPublic, reader: { audience, groups }, command }, owner).then(toResult, toFault);
    },
  };
}

const INPUT_SCHEMA = {
  type: 'object' as const,
  properties: {
    command: { type: 'string', minLength: 1, maxLength: MAX_COMMAND, description: 'The command, e.g. grep -rl "webhook" . | head' },
  },
  required: ['command'],
  additionalProperties: false,
};

const OUTPUT_SCHEMA = {
  type: 'object' as const,
  properties: {
    stdout: { type: 'string', description: `What it wrote, up to ${MAX_OUTPUT_BYTES / 1000} kB.` },
    stderr: { type: 'string', description: 'What it complained of.' },
    exitCode: { type: 'integer', description: '0 where it did what it was asked to.' },
    isComplete: { type: 'boolean', description: 'Whether all of the output is there.' },
  },
  required: ['stdout', 'stderr', 'exitCode', 'isComplete'],
};

function toResult(result: ShellResult): CallToolResult {
  const { stdout, stderr, exitCode, isComplete } = result;
  const note = isComplete ? '' : '\n(Cut here: the output is longer. Ask for less, as with head or grep.)';
  const text = [stdout + note, stderr].filter((part) => part !== '').join('\n');
  return { content: [{ type: 'text', text: text || `(No output; exit code ${exitCode}.)` }], structuredContent: { ...result } };
}

function toFault(error: unknown): CallToolResult {
  if (error instanceof ShellRefusal) return faultOf(error.message);
  throw error;
}
