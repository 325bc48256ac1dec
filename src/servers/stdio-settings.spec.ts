import { describe, expect, it } from '@jest/globals';
import type { StdioCommand } from '../config/stdio-commands.js';
import { stdioFaults } from './stdio-settings.js';

const command = (parts: Partial<StdioCommand>): StdioCommand => ({
  program: '/usr/bin/node',
  args: [],
  extraArgs: [],
  cwd: undefined,
  env: {},
  serverEnv: [],
  era: 'auto',
  maxConcurrent: 1,
  idleSeconds: 1,
  startSeconds: 1,
  ...parts,
});

const COMMANDS = {
  plain: command({}),
  files: command({ extraArgs: ['/srv/.*', '--mode=(read|write)'], serverEnv: ['API_KEY'] }),
  any: command({ extraArgs: ['.*'] }),
};

const faults = (name: string, args: string[] = [], env: string[] = []) =>
  stdioFaults({ kind: 'stdio', command: name, args, env }, COMMANDS).length;

describe('stdioFaults', () => {
  it.each(['unknown', 'constructor', '__proto__', '', '/bin/sh', 'plain '])('knows no command but those of the file: %p', (name) =>
    expect(faults(name)).toBe(1),
  );

  it('lets a server bring no arguments, unless the command has patterns for them', () => {
    expect(faults('plain')).toBe(0);
    expect(faults('plain', ['x'])).toBe(1);
    expect(faults('files', ['/srv/a', '--mode=read'])).toBe(0);
    expect(faults('files', ['/etc', '--mode=all', 'x/srv/a'])).toBe(3);
  });

  it.each(['--eval=1', '-e', '-', '../x', '/srv/../etc', 'a=../b', 'C:\\..\\x', 'a\nb', 'a\0b', 'x'.repeat(1025)])(
    'refuses what is dangerous whatever the pattern: %p',
    (arg) => expect(faults('any', [arg])).toBe(1),
  );

  it.each(['/srv/..a', 'a..b', '...', 'x -e', '$(id)', ';', '日本'])('takes what is harmless without a shell: %p', (arg) =>
    expect(faults('any', [arg])).toBe(0),
  );

  it('bounds the number of arguments', () => {
    expect(
      faults(
        'any',
        Array.from({ length: 32 }, () => 'a'),
      ),
    ).toBe(0);
    expect(
      faults(
        'any',
        Array.from({ length: 33 }, () => 'a'),
      ),
    ).toBe(1);
  });

  it('lets a server set the variables that the command names, and no others', () => {
    expect(faults('files', [], ['API_KEY'])).toBe(0);
    expect(faults('files', [], ['PATH', 'API_KEY'])).toBe(1);
    expect(faults('plain', [], ['API_KEY'])).toBe(1);
  });

  it('bounds values', () => {
    const settings = { kind: 'stdio', command: 'files', env: ['API_KEY'] } as const;
    expect(stdioFaults(settings, COMMANDS, { API_KEY: 'x'.repeat(16_384) })).toEqual([]);
    expect(stdioFaults(settings, COMMANDS, { API_KEY: 'x'.repeat(16_385) })).toHaveLength(1);
    expect(stdioFaults(settings, COMMANDS, { API_KEY: 'a\0b' })).toHaveLength(1);
  });
});
