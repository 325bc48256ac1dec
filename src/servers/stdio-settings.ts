import type { StdioCommand } from '../config/stdio-commands.js';
import type { StdioUpstreamSettings } from './upstream.js';

const MAX_ARGS = 32;
const MAX_ARG_LENGTH = 1024;
const MAX_ENV_VALUE = 16 * 1024;

/** Why a server must not run what it names; empty where it may. Says nothing of values. */
export function stdioFaults(
  { command, args = [], env = [] }: StdioUpstreamSettings,
  commands: Readonly<Record<string, StdioCommand>>,
  values: Readonly<Record<string, string>> = {},
): readonly string[] {
  const entry = Object.hasOwn(commands, command) ? commands[command] : undefined;
  if (!entry) return ['This command is not in STDIO_COMMANDS_FILE.'];
  const faults = env.filter((name) => !entry.serverEnv.includes(name)).map((name) => `The command lets no server set ${name}.`);
  if (args.length > MAX_ARGS) faults.push(`At most ${MAX_ARGS} arguments are allowed.`);
  args.forEach((arg, i) => {
    if (!mayPass(arg, entry.extraArgs)) faults.push(`The command does not allow argument ${i + 1}.`);
  });
  if (Object.values(values).some((value) => value.length > MAX_ENV_VALUE || value.includes('\0')))
    faults.push('A value of env is too long or holds NUL.');
  return faults;
}

/**
 * Whether an argument may be appended. There is no shell to fool, but programs have options and paths: what begins with a hyphen
 * passes only where a pattern says so itself, and no path leads upwards.
 */
function mayPass(arg: string, patterns: readonly string[]): boolean {
  if (arg.length > MAX_ARG_LENGTH || /\p{Cc}/u.test(arg) || /(^|[/\\=:,])\.\.($|[/\\])/.test(arg)) return false;
  const candidates = arg.startsWith('-') ? patterns.filter((pattern) => pattern.startsWith('-')) : patterns;
  return candidates.some((pattern) => new RegExp(`^(?:${pattern})$`, 'u').test(arg));
}
