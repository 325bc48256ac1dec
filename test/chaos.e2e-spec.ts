import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { build } from './support/replicas.js';

const run = promisify(execFile);
// Three starts, on a machine that may be busy.
jest.setTimeout(120_000);
beforeAll(() => build(), 400_000);

const chaos = async (names: string[], env: Record<string, string> = {}): Promise<string> => {
  const { stdout } = await run(process.execPath, ['tools/chaos.mjs', ...names], { env: { ...process.env, NODE_OPTIONS: '', ...env } });
  return stdout;
};

/** The shortest runs of the tool, so that it goes on to work. `npm run chaos` is the real thing. */
describe('npm run chaos', () => {
  it('lists what it can do', async () => {
    expect((await chaos(['--list'])).trim().split('\n')).toHaveLength(10);
  });

  it('refuses a scenario that there is not', async () => {
    await expect(chaos(['earthquake'])).rejects.toMatchObject({ code: 2 });
  });

  it('kills under load, steps the clock, and finds every promise kept', async () => {
    const output = await chaos(['kill', 'clock'], { CHAOS_ROUNDS: '1' });
    expect(output).toContain('gatehouse audit verify finds the trail whole');
    expect(output.trim().split('\n').at(-1)).toMatch(/^\d\d promises kept, 0 broken \(\d+ s\)$/);
  });
});
