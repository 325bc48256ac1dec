import { describe, expect, it } from '@jest/globals';
import { eventually } from '../../../test/support/eventually.js';
import { DueTimes } from './due-times.js';

function named(name: string, expired: string[]) {
  return { expire: () => void expired.push(name) };
}

describe('due times', () => {
  it('expire what is late, the oldest first, and leave alone what has left before', async () => {
    let now = 0;
    const due = new DueTimes(10, () => now);
    const expired: string[] = [];
    const [, second] = ['first', 'second', 'third'].map((name) => due.add(named(name, expired)));
    now = 5;
    due.add(named('later', expired));
    due.delete(second);
    now = 10;
    await eventually(() => expect(expired).toEqual(['first', 'third']));
    expect(due.size).toBe(1);
    now = 15;
    await eventually(() => expect(expired).toEqual(['first', 'third', 'later']));
    expect(due.size).toBe(0);
  });

  it('count each once, however often it leaves', () => {
    const due = new DueTimes(1000);
    const expired: string[] = [];
    const first = due.add(named('first', expired));
    due.add(named('second', expired));
    due.delete(first);
    due.delete(first);
    expect(due.size).toBe(1);
    due.expireOldest();
    due.expireOldest();
    expect([expired, due.size]).toEqual([['second'], 0]);
  });

  it('hold nothing of what has left, nor does that hold its neighbours', () => {
    const due = new DueTimes(1000);
    const places = ['a', 'b', 'c'].map((name) => due.add(named(name, [])));
    for (const place of places) due.delete(place);
    expect(places.every((place) => place.before === place && place.after === place)).toBe(true);
  });
});
