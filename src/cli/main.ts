#!/usr/bin/env node
import 'reflect-metadata';
import { existsSync } from 'node:fs';
import { loadEnvFile } from 'node:process';
import { StartupError } from '../common/startup-error.js';
import { loadConfig } from '../config/load-config.js';
import { environment } from '../config/process-environment.js';
import { CommandError, UsageError } from './command.js';
import { COMMANDS } from './commands.js';
import { helpFor, helpForAll } from './help.js';
import { parseCommandLine } from './parse.js';

async function main(): Promise<void> {
  const { command, wantsHelp, positionals, options } = parseCommandLine(process.argv.slice(2), COMMANDS);
  if (!command) return print(helpForAll(COMMANDS));
  if (wantsHelp) return print(helpFor(command));
  if (existsSync('.env')) loadEnvFile('.env');
  const run = await command.load();
  await run({ config: loadConfig(environment()), positionals, options, print });
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** One clear text for what the operator can do something about; everything else is ours and comes with its stack. */
function fail(error: unknown): void {
  const isPlain = error instanceof StartupError || error instanceof CommandError || error instanceof UsageError;
  const text = isPlain ? error.message.replaceAll(/^/gm, 'gatehouse: ') : String((error as Error).stack ?? error);
  process.stderr.write(`${text}\n`);
  // Not `exit`: what is still to be written to a pipe would be lost.
  process.exitCode = error instanceof UsageError ? 2 : 1;
}

await main().catch(fail);
