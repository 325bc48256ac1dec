import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { parse } from 'yaml';

/** A program that `stdio` upstreams may run, as the operator's file describes it. */
export interface StdioCommand {
  /** Absolute path of the program. */
  readonly program: string;
  /** Arguments that always come first. */
  readonly args: readonly string[];
  /** Regular expressions for whole arguments; each argument of a server must match one. Without any, servers bring none. */
  readonly extraArgs: readonly string[];
  readonly cwd: string | undefined;
  /** The whole environment of the child, but for what a server adds to it. */
  readonly env: Readonly<Record<string, string>>;
  /** Names of variables that a server may set. */
  readonly serverEnv: readonly string[];
  /** What the child speaks; `auto` finds out. */
  readonly era: 'auto' | 'modern' | 'legacy';
  /** Requests of one child that run at the same time. */
  readonly maxConcurrent: number;
  /** Seconds without a request after which a child is stopped. */
  readonly idleSeconds: number;
  /** Seconds that a child has for its first answer. */
  readonly startSeconds: number;
}

export interface StdioCommands {
  readonly commands: Readonly<Record<string, StdioCommand>>;
  /** What is wrong with the file, one line each. */
  readonly faults: readonly string[];
}

type Json = Readonly<Record<string, unknown>>;

const MAX_FILE_BYTES = 1024 * 1024;
const MAX_COMMANDS = 200;
const MAX_LIST = 64;
const MAX_TEXT = 4096;
const MEMBERS = [
  'command',
  'args',
  'extraArgs',
  'cwd',
  'env',
  'inheritEnv',
  'serverEnv',
  'era',
  'maxConcurrent',
  'idleSeconds',
  'startSeconds',
];
const COMMAND_NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;
const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;
/** What a program needs to find others, its user's home and a place for files; nothing that could be a secret. */
export const ALWAYS_INHERITED: readonly string[] = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR'];
const DEFAULT_PATH = '/usr/local/bin:/usr/bin:/bin';
/** With these, whoever manages servers could run any code. */
const CODE_LOADING =
  /^(PATH|HOME|IFS|SHELL|ENV|BASH_ENV|NODE_OPTIONS|NODE_PATH|PYTHON.*|PERL5.*|PERLLIB|RUBYOPT|RUBYLIB|JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|JDK_JAVA_OPTIONS|LD_.*|DYLD_.*|GCONV_PATH|GIT_.*|NPM_CONFIG_.*|UV_.*|DOTNET_STARTUP_HOOKS)$/i;

/** Reads the file that `STDIO_COMMANDS_FILE` names: YAML or JSON, one entry for each command. */
export function readStdioCommands(file: string, variables: NodeJS.ProcessEnv): StdioCommands {
  let content: unknown;
  try {
    if (statSync(file).size > MAX_FILE_BYTES) return { commands: {}, faults: ['is longer than 1 MiB'] };
    content = parse(readFileSync(file, 'utf8'), { maxAliasCount: 20 });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const line = message.split('\n', 1)[0] ?? '';
    return { commands: {}, faults: [code?.startsWith('E') ? `cannot be read (${code})` : `is neither YAML nor JSON: ${line}`] };
  }
  if (!isObject(content)) return { commands: {}, faults: ['must map names to commands'] };
  const entries = Object.entries(content);
  if (entries.length > MAX_COMMANDS) return { commands: {}, faults: [`has more than ${MAX_COMMANDS} commands`] };
  const faults: string[] = [];
  const commands = entries.flatMap(([name, entry]) => {
    const reader = new EntryReader(name, faults);
    const command = reader.read(entry, variables);
    return command ? [[name, command] as const] : [];
  });
  return { commands: Object.fromEntries(commands), faults };
}

/** Reads one entry, and collects what is wrong with it. Values that may be secrets are in no fault. */
class EntryReader {
  constructor(
    private readonly name: string,
    private readonly faults: string[],
  ) {}

  read(entry: unknown, variables: NodeJS.ProcessEnv): StdioCommand | undefined {
    if (!COMMAND_NAME.test(this.name)) return this.fault('a name has 1 to 64 lower-case letters, digits, dots, hyphens and underscores');
    if (!isObject(entry)) return this.fault('must be an object with at least `command`');
    const unknown = Object.keys(entry).filter((member) => !MEMBERS.includes(member));
    if (unknown.length > 0) this.fault(`has unknown members: ${unknown.join(', ')}`);
    const env = this.environment(entry, variables);
    return {
      program: this.program(entry['command'], env['PATH'] ?? DEFAULT_PATH),
      args: this.texts(entry, 'args'),
      extraArgs: this.patterns(entry),
      cwd: this.folder(entry['cwd']),
      env,
      serverEnv: this.serverEnv(entry),
      era: this.era(entry['era']),
      maxConcurrent: this.integer(entry, 'maxConcurrent', { fallback: 32, min: 1, max: 1000 }),
      idleSeconds: this.integer(entry, 'idleSeconds', { fallback: 600, min: 1, max: 604_800 }),
      startSeconds: this.integer(entry, 'startSeconds', { fallback: 30, min: 1, max: 600 }),
    };
  }

  private fault(text: string): undefined {
    this.faults.push(`${this.name}: ${text}`);
  }

  private program(command: unknown, path: string): string {
    const found = isProgramName(command) ? candidatesOf(command, path).find(isExecutable) : undefined;
    if (found !== undefined) return found;
    this.fault(
      isProgramName(command)
        ? 'command is no executable file, or not in PATH'
        : 'command must be an absolute path, or the name of a program in PATH',
    );
    return '';
  }

  private folder(value: unknown): string | undefined {
    if (value === undefined) return undefined;
    if (typeof value === 'string' && isAbsolute(value) && statSync(value, { throwIfNoEntry: false })?.isDirectory()) return value;
    return this.fault('cwd must be the absolute path of a folder');
  }

  private texts(entry: Json, member: string): readonly string[] {
    const value = entry[member] ?? [];
    const areTexts = (list: unknown[]): list is string[] =>
      list.every((item) => typeof item === 'string' && item.length <= MAX_TEXT && !item.includes('\0'));
    if (Array.isArray(value) && value.length <= MAX_LIST && areTexts(value)) return value;
    this.fault(`${member} must be a list of at most ${MAX_LIST} texts`);
    return [];
  }

  private patterns(entry: Json): readonly string[] {
    return this.texts(entry, 'extraArgs').filter(
      (pattern) => isPattern(pattern) || this.fault(`extraArgs holds what is no regular expression: ${pattern}`),
    );
  }

  private names(entry: Json, member: string): readonly string[] {
    return this.texts(entry, member).filter(
      (name) => VARIABLE_NAME.test(name) || this.fault(`${member} holds what is no name of a variable: ${name}`),
    );
  }

  private serverEnv(entry: Json): readonly string[] {
    return this.names(entry, 'serverEnv').filter(
      (name) =>
        !CODE_LOADING.test(name) || this.fault(`serverEnv must not hold ${name}: with it, whoever manages servers could run any code`),
    );
  }

  private environment(entry: Json, variables: NodeJS.ProcessEnv): Readonly<Record<string, string>> {
    const inherited = [...ALWAYS_INHERITED, ...this.names(entry, 'inheritEnv')].flatMap((name) => {
      const value = variables[name];
      return value === undefined ? [] : [[name, value] as const];
    });
    const own = entry['env'] ?? {};
    const isEnvironment = isObject(own) && Object.entries(own).every(([name, value]) => VARIABLE_NAME.test(name) && isValue(value));
    if (!isEnvironment) this.fault('env must map names of variables to texts');
    return { PATH: DEFAULT_PATH, ...Object.fromEntries(inherited), ...(isEnvironment ? (own as Record<string, string>) : {}) };
  }

  private era(value: unknown): StdioCommand['era'] {
    if (value === undefined || value === 'auto') return 'auto';
    if (value === 'modern' || value === 'legacy') return value;
    this.fault('era must be auto, modern or legacy');
    return 'auto';
  }

  private integer(entry: Json, member: string, { fallback, min, max }: { fallback: number; min: number; max: number }): number {
    const value = entry[member] ?? fallback;
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
    this.fault(`${member} must be a whole number from ${min} to ${max}`);
    return fallback;
  }
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

const isValue = (value: unknown): boolean => typeof value === 'string' && value.length <= MAX_TEXT && !value.includes('\0');

const isProgramName = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && !/\p{Cc}/u.test(value) && (isAbsolute(value) || !value.includes('/'));

const candidatesOf = (command: string, path: string): string[] =>
  isAbsolute(command)
    ? [command]
    : path
        .split(delimiter)
        .filter((folder) => isAbsolute(folder))
        .map((folder) => join(folder, command));

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false; // absent and forbidden are the same here: it cannot be run
  }
}

function isPattern(pattern: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`, 'u').source !== '';
  } catch {
    return false;
  }
}
