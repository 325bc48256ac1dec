import type { Command } from './command.js';

const HEAD = 'Usage: gatehouse COMMAND [OPTIONS]';
const FOOT = `It reads the same variables (and the same .env) as the server. Exit codes: 0 done, 1 not done or found to be wrong, 2 not understood.`;

const usageOf = ({ name, operands }: Command): string => [name, ...operands].join(' ');

/** What there is. */
export function helpForAll(commands: readonly Command[]): string {
  const lines = commands.map((command) => `  ${usageOf(command).padEnd(22)}${command.summary}`);
  return [HEAD, '', ...lines, '', '`gatehouse COMMAND --help` says more.', FOOT].join('\n');
}

/** One command in full. */
export function helpFor(command: Command): string {
  const options: NonNullable<Command['options']> = { ...command.options, help: { type: 'boolean', help: 'this text' } };
  const lines = Object.entries(options).map(([name, { value, help }]) => `  ${`--${name}${value ? ` ${value}` : ''}`.padEnd(24)}${help}`);
  return [`Usage: gatehouse ${usageOf(command)} [OPTIONS]`, '', command.description, '', ...lines].join('\n');
}
