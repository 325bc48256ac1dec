import { parseArgs } from 'node:util';
import { type Command, type CommandContext, UsageError } from './command.js';

interface CommandLine extends Pick<CommandContext, 'positionals' | 'options'> {
  /** Undefined where help for everything is asked for. */
  readonly command: Command | undefined;
  readonly wantsHelp: boolean;
}

/** @throws {UsageError} where it names no command, or not what the command asks for. */
export function parseCommandLine(args: readonly string[], commands: readonly Command[]): CommandLine {
  const command = commands.find(({ name }) => name.split(' ').every((word, i) => args[i] === word));
  if (!command) {
    if (args[0] === '--help' || args[0] === '-h' || args[0] === 'help') return { command, wantsHelp: true, positionals: [], options: {} };
    throw new UsageError(`${args.length === 0 ? 'Name a command' : 'There is no such command'}; \`gatehouse --help\` lists them.`);
  }
  const { values, positionals } = parse(args.slice(command.name.split(' ').length), command);
  const { help, ...options } = values;
  if (help !== true && positionals.length !== command.operands.length) {
    const wanted = command.operands.length === 0 ? 'nothing but options' : command.operands.join(' ');
    throw new UsageError(`\`${command.name}\` takes ${wanted}; \`gatehouse ${command.name} --help\` says more.`);
  }
  return { command, wantsHelp: help === true, positionals, options };
}

function parse(args: string[], command: Command): { values: Record<string, string | boolean | undefined>; positionals: string[] } {
  const options = Object.entries(command.options ?? {}).map(([name, { type }]) => [name, { type }] as const);
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: { ...Object.fromEntries(options), help: { type: 'boolean', short: 'h' } },
    });
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}
