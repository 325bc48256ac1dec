import { describe, expect, it } from '@jest/globals';
import { HOUR_MS, HourlyCounts, OTHER_TOOLS } from './hourly-counts.js';
import type { Use } from './use-of-event.js';

const USE: Use = { kind: 'call', credentialId: 'c', server: 'docs', tool: 'search', outcome: 'ok' };
const HOUR = Date.parse('2026-11-22T10:00:00Z');

describe('hourly counts', () => {
  it('add up what is alike within an hour, and tell apart what is not', () => {
    const counts = new HourlyCounts();
    counts.add(USE, HOUR);
    counts.add(USE, HOUR + HOUR_MS - 1);
    counts.add(USE, HOUR + HOUR_MS);
    counts.add({ ...USE, outcome: 'error' }, HOUR);
    expect(counts.take()).toEqual([
      { ...USE, outcome: 'error', hour: HOUR, count: 1 },
      { ...USE, hour: HOUR, count: 2 },
      { ...USE, hour: HOUR + HOUR_MS, count: 1 },
    ]);
    expect(counts.take()).toEqual([]);
  });

  it('take back what could not be written, on top of what came meanwhile', () => {
    const counts = new HourlyCounts();
    counts.add(USE, HOUR);
    const rows = counts.take();
    counts.add(USE, HOUR);
    counts.giveBack(rows);
    expect(counts.take()).toEqual([{ ...USE, hour: HOUR, count: 2 }]);
  });

  it('let no caller fill the memory, or the table, with names of tools', () => {
    const counts = new HourlyCounts();
    for (let i = 0; i < 1000; i++) counts.add({ ...USE, tool: `tool-${i}` }, HOUR);
    counts.add({ ...USE, tool: 'tool-0' }, HOUR);
    counts.add({ ...USE, credentialId: 'another', tool: 'mine' }, HOUR);
    const rows = counts.take();
    expect(rows).toHaveLength(202);
    expect(rows.find(({ tool }) => tool === OTHER_TOOLS)?.count).toBe(800);
    expect(rows.find(({ tool }) => tool === 'tool-0')?.count).toBe(2);
    counts.add({ ...USE, tool: 'tool-999' }, HOUR + HOUR_MS);
    expect(counts.take()).toMatchObject([{ tool: 'tool-999' }]);
  });

  it('say how much found no room while the database was away', () => {
    const counts = new HourlyCounts(2);
    for (const server of ['a', 'b', 'c', 'c']) counts.add({ ...USE, server }, HOUR);
    expect([counts.takeLost(), counts.takeLost()]).toEqual([2, 0]);
    expect(counts.take()).toHaveLength(2);
  });
});
