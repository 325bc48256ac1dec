import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadConfig } from './load-config.js';
import { readStdioCommands } from './stdio-commands.js';

const NODE = process.execPath;
let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'gatehouse-commands-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function read(content: string, variables: NodeJS.ProcessEnv = { PATH: '/usr/bin:/bin' }) {
  const file = join(dir, 'commands.yaml');
  writeFileSync(file, content);
  return readStdioCommands(file, variables);
}

const faultsOf = (content: string): readonly string[] => read(content).faults;

describe('readStdioCommands', () => {
  it('reads YAML and JSON, and fills in what is not said', () => {
    const { commands, faults } = read(`files:\n  command: ${NODE}\n  args: [server.js]\n`);
    expect(faults).toEqual([]);
    expect(commands['files']).toMatchObject({
      program: NODE,
      args: ['server.js'],
      extraArgs: [],
      serverEnv: [],
      era: 'auto',
      maxConcurrent: 32,
      idleSeconds: 600,
      startSeconds: 30,
    });
    expect(read(JSON.stringify({ files: { command: NODE } })).commands['files']?.program).toBe(NODE);
  });

  it('finds a program by its name once, at the start', () => {
    expect(read('shell: { command: sh }').commands['shell']?.program).toMatch(/^\/(usr\/)?bin\/sh$/);
  });

  it('gives the child an environment of its own: nothing of ours but what is named', () => {
    const variables = { PATH: '/bin', HOME: '/root', MASTER_KEY: 'secret', ADMIN_PASSWORD: 'secret', HTTPS_PROXY: 'http://proxy' };
    const { commands } = read(`files: { command: ${NODE}, env: { MODE: quiet }, inheritEnv: [HTTPS_PROXY, ABSENT] }`, variables);
    expect(commands['files']?.env).toEqual({ PATH: '/bin', HOME: '/root', HTTPS_PROXY: 'http://proxy', MODE: 'quiet' });
  });

  it.each([
    ['[]', 'must map names to commands'],
    ['files: {', 'is neither YAML nor JSON'],
    ['Files: { command: node }', 'a name has'],
    ['files: node', 'must be an object'],
    ['files: { command: node, shell: true }', 'unknown members: shell'],
    ['files: { command: ./server }', 'command must be an absolute path'],
    ['files: { command: "sh -c ls" }', 'not in PATH'],
    ['files: { command: /etc/passwd }', 'no executable file'],
    ['files: { command: /tmp }', 'no executable file'],
    ['files: { command: "sh\\u001b[31m" }', 'command must be an absolute path'],
    ['files: {}', 'command must be an absolute path'],
    ['files: { command: sh, args: ls }', 'args must be a list'],
    ['files: { command: sh, args: [1] }', 'args must be a list'],
    ['files: { command: sh, extraArgs: ["("] }', 'no regular expression'],
    ['files: { command: sh, cwd: data }', 'cwd must be'],
    ['files: { command: sh, cwd: /nowhere }', 'cwd must be'],
    ['files: { command: sh, env: [A] }', 'env must map'],
    ['files: { command: sh, env: { A: 1 } }', 'env must map'],
    ['files: { command: sh, serverEnv: ["A B"] }', 'no name of a variable'],
    ['files: { command: sh, serverEnv: [LD_PRELOAD] }', 'could run any code'],
    ['files: { command: sh, serverEnv: [node_options] }', 'could run any code'],
    ['files: { command: sh, era: new }', 'era must be'],
    ['files: { command: sh, maxConcurrent: 0 }', 'maxConcurrent must be'],
    ['files: { command: sh, idleSeconds: soon }', 'idleSeconds must be'],
  ])('refuses %s', (content, fault) => {
    expect(faultsOf(content).join('\n')).toContain(fault);
  });

  it('says nothing of values', () => {
    expect(faultsOf('files: { command: sh, env: { KEY: [hunter2] } }').join('\n')).not.toContain('hunter2');
  });

  it('stops the start with every fault at once, each naming the variable and the command', () => {
    const file = join(dir, 'bad.yaml');
    writeFileSync(file, 'one: { command: /nowhere }\ntwo: { command: sh, era: x }\n');
    expect(() => loadConfig({ STDIO_COMMANDS_FILE: file })).toThrow(/STDIO_COMMANDS_FILE one: .*\nSTDIO_COMMANDS_FILE two: /);
    expect(() => loadConfig({ STDIO_COMMANDS_FILE: join(dir, 'absent') })).toThrow('cannot be read (ENOENT)');
    expect(loadConfig({}).stdio).toEqual({ commands: {}, maxChildren: 20 });
  });
});
