import { describe, expect, it } from '@jest/globals';
import { sideBySide } from './side-by-side.js';

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** So many come in one turn; each then takes three steps. */
function come(count: number): string[] {
  const steps: string[] = [];
  const join = sideBySide();
  const take = async (request: number) => {
    for (const step of ['a', 'b', 'c']) {
      steps.push(`${step}${request}`);
      await Promise.resolve();
    }
  };
  for (let request = 0; request < count; request++) join(() => void take(request));
  return steps;
}

describe('sideBySide', () => {
  it('runs each step for all of a turn before the next step', async () => {
    const steps = come(3);
    expect(steps).toEqual([]);
    await nextTurn();
    expect(steps).toEqual(['a0', 'a1', 'a2', 'b0', 'b1', 'b2', 'c0', 'c1', 'c2']);
  });

  it('finishes 64 at a time, so that nobody waits for a crowd', async () => {
    const steps = come(150);
    const finished = () => steps.filter((step) => step.startsWith('c')).length;
    const seen: number[] = [];
    for (let turn = 0; turn < 3; turn++) {
      await nextTurn();
      seen.push(finished());
    }
    expect(seen).toEqual([64, 128, 150]);
  });

  it('lets those of later turns go on as well', async () => {
    const join = sideBySide();
    const done: number[] = [];
    for (let request = 0; request < 3; request++) {
      join(() => done.push(request));
      await nextTurn();
    }
    expect(done).toEqual([0, 1, 2]);
  });
});
