import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type TestStorage, testStorage } from '../../test/support/database.js';
import { Election } from './election.service.js';

const MINUTE = 60_000;
let storage: TestStorage;

beforeAll(async () => {
  storage = await testStorage();
});
afterAll(() => storage.remove());

it('elects one of several that ask at the same time, and the others once its lease has lapsed or was given up', async () => {
  const replicas = [1, 2, 3].map(() => new Election(storage.unitOfWork, storage.clock));
  const ask = () => Promise.all(replicas.map((replica) => replica.take('chores', 15 * MINUTE)));
  const first = await ask();
  expect(first.filter(Boolean)).toHaveLength(1);
  const elected = replicas[first.indexOf(true)];
  storage.advance(10 * MINUTE);
  expect(await ask()).toEqual(first);
  storage.advance(10 * MINUTE);
  expect(await ask()).toEqual(first);
  storage.advance(16 * MINUTE);
  const others = replicas.filter((replica) => replica !== elected);
  expect((await Promise.all(others.map((replica) => replica.take('chores', MINUTE)))).filter(Boolean)).toHaveLength(1);
  expect(await elected?.take('chores', MINUTE)).toBe(false);
  for (const replica of others) await replica.release('chores');
  expect(await elected?.take('chores', MINUTE)).toBe(true);
});
