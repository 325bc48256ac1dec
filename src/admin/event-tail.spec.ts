import { describe, expect, it } from '@jest/globals';
import type { AuditEvent } from '../audit/event.entity.js';
import { firstIdAt } from '../common/ids.js';
import { EventTail } from './event-tail.js';

const START = Date.parse('2026-11-22T10:00:00Z');

/** A trail whose rows appear when they are put there, whatever their ids say. */
class Trail {
  now = START;
  readonly ids: string[] = [];
  reads = 0;

  /** An id of a moment, in milliseconds after the start. */
  put(at: number, suffix = 0): string {
    const id = firstIdAt(START + at).slice(0, 20) + String(suffix).padStart(6, '0');
    this.ids.push(id);
    return id;
  }

  tail(lastId?: string): EventTail {
    const readAfter = (after: string, take: number) => {
      this.reads++;
      const found = this.ids.filter((id) => id > after).sort();
      return Promise.resolve(found.slice(0, take).map((id) => ({ id }) as AuditEvent));
    };
    return new EventTail(readAfter, () => this.now, lastId);
  }
}

const idsOf = async (tail: EventTail): Promise<string[]> => (await tail.read()).events.map(({ id }) => id);

describe('the end of a trail', () => {
  it('tells what is new, once', async () => {
    const trail = new Trail();
    trail.put(-100_000);
    trail.put(-5);
    const tail = trail.tail();
    expect(await idsOf(tail)).toEqual([]);
    const first = trail.put(10);
    expect(await idsOf(tail)).toEqual([first]);
    const second = trail.put(20);
    expect([await idsOf(tail), await idsOf(tail)]).toEqual([[second], []]);
  });

  it('tells what another replica’s batch brings late, with an id before those that were told', async () => {
    const trail = new Trail();
    const tail = trail.tail();
    await idsOf(tail);
    const told = trail.put(600);
    trail.now += 1000;
    expect(await idsOf(tail)).toEqual([told]);
    const late = trail.put(200);
    expect(await idsOf(tail)).toEqual([late]);
  });

  it('goes on behind the last one that a browser has seen', async () => {
    const trail = new Trail();
    const seen = trail.put(-60_000);
    const missed = [trail.put(-50_000), trail.put(-1000)];
    expect(await idsOf(trail.tail(seen))).toEqual(missed);
  });

  it('forgets what has settled, and tells it no more', async () => {
    const trail = new Trail();
    const tail = trail.tail();
    await idsOf(tail);
    for (let second = 0; second < 60; second++) {
      trail.now = START + second * 1000;
      const id = trail.put(second * 1000);
      expect(await idsOf(tail)).toEqual([id]);
    }
  });

  it('reads on at once where more is new than one reading takes', async () => {
    const trail = new Trail();
    const tail = trail.tail();
    await idsOf(tail);
    for (let i = 0; i < 700; i++) trail.put(1, i);
    const news = await tail.read();
    expect([news.events.length, news.isCut]).toEqual([700, false]);
  });

  it('passes over what nobody could read along with, says so, and goes on with what comes then', async () => {
    const trail = new Trail();
    const tail = trail.tail();
    await idsOf(tail);
    for (let i = 0; i < 5000; i++) trail.put(1, i);
    trail.now += 500;
    const news = await tail.read();
    expect([news.events.length, news.isCut]).toEqual([1000, true]);
    trail.now += 2000;
    expect(await idsOf(tail)).toEqual([]);
    const next = trail.put(2100);
    expect(await idsOf(tail)).toEqual([next]);
  });

  it('begins at the end also where the last seconds hold more than it remembers', async () => {
    const trail = new Trail();
    for (let i = 0; i < 3000; i++) trail.put(-100, i);
    const tail = trail.tail();
    expect(await idsOf(tail)).toEqual([]);
    const next = trail.put(10);
    expect(await idsOf(tail)).toEqual([next]);
  });
});
