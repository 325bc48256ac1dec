import { describe, expect, it } from '@jest/globals';
import { Deadline, DeadlineError } from './deadline.js';

const never = new Promise<never>(() => undefined);

describe('Deadline', () => {
  it('gives what comes in time, and its fault', async () => {
    const deadline = new Deadline(50);
    await expect(deadline.race(Promise.resolve(7))).resolves.toBe(7);
    await expect(deadline.race(Promise.reject(new Error('its own')))).rejects.toThrow('its own');
  });

  it('rejects what does not come, again and again', async () => {
    const deadline = new Deadline(20);
    const startedAt = performance.now();
    await expect(Promise.allSettled([deadline.race(never), deadline.race(never)])).resolves.toMatchObject([
      { reason: expect.any(DeadlineError) },
      { reason: expect.any(DeadlineError) },
    ]);
    await expect(deadline.race(never)).rejects.toThrow(DeadlineError);
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });
});
