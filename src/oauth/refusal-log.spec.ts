import { describe, expect, it } from '@jest/globals';
import { RefusalLog, type RefusalSum } from './refusal-log.js';

function setUp() {
  const time = { now: 1000 };
  const sums: RefusalSum[] = [];
  const log = new RefusalLog(
    (sum) => sums.push(sum),
    () => time.now,
  );
  const refuse = (count: number, address = '192.0.2.1', credentialId?: string) =>
    Array.from({ length: count }, () => log.admits({ address, credentialId })).filter(Boolean).length;
  return { time, sums, log, refuse };
}

describe('RefusalLog', () => {
  it('admits a hundred of an address in a minute, and sums up the rest when it is over', () => {
    const { time, sums, log, refuse } = setUp();
    expect(refuse(350)).toBe(100);
    log.sweep();
    expect(sums).toEqual([]);
    time.now += 60_000;
    log.sweep();
    expect(sums).toEqual([{ address: '192.0.2.1', credentialId: undefined, count: 250 }]);
    log.sweep();
    expect(sums).toHaveLength(1);
    expect(refuse(1)).toBe(1);
  });

  it('reports a minute that is over when the next refusal comes first', () => {
    const { time, sums, refuse } = setUp();
    refuse(101);
    time.now += 60_000;
    refuse(1);
    expect(sums).toEqual([{ address: '192.0.2.1', credentialId: undefined, count: 1 }]);
  });

  it('keeps addresses and credentials apart', () => {
    const { refuse } = setUp();
    refuse(200);
    expect(refuse(5, '192.0.2.2')).toBe(5);
    expect(refuse(5, '192.0.2.1', 'known')).toBe(5);
  });

  it('bounds what all addresses together write of clients that nobody knows, not what concerns a credential', () => {
    const { time, sums, log, refuse } = setUp();
    let written = 0;
    for (let i = 0; i < 1500; i++) written += refuse(1, `192.0.2.${i}`);
    expect(written).toBe(1000);
    expect(refuse(1, '192.0.2.1', 'known')).toBe(1);
    time.now += 60_000;
    log.sweep();
    expect(sums).toEqual([{ address: undefined, credentialId: undefined, count: 500 }]);
  });

  it('loses no count, however many addresses there are, and at the end', () => {
    const { sums, log, refuse } = setUp();
    refuse(103, 'first', 'known');
    for (let i = 0; i < 10_000; i++) refuse(1, `192.0.2.${i}`, 'known');
    expect(sums).toEqual([{ address: 'first', credentialId: 'known', count: 3 }]);
    refuse(104, 'last', 'known');
    log.sweep(true);
    expect(sums.at(-1)).toEqual({ address: 'last', credentialId: 'known', count: 4 });
  });
});
