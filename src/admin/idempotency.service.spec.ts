import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type TestStorage, testStorage } from '../../test/support/database.js';
import { newId } from '../common/ids.js';
import { InstallationValue } from '../database/installation.entity.js';
import type { Transaction } from '../database/unit-of-work.service.js';
import { ProblemError } from '../protocol/problem.js';
import { IdempotencyKey } from './idempotency-key.entity.js';
import { type IdempotentRequest, IdempotencyService } from './idempotency.service.js';

let storage: TestStorage;
let service: IdempotencyService;
let replica: IdempotencyService;
let request: IdempotentRequest;

beforeAll(async () => {
  storage = await testStorage();
  const { dataSource, unitOfWork, sealer, digester, clock } = storage;
  const make = () => new IdempotencyService(dataSource.getRepository(IdempotencyKey), unitOfWork, sealer, digester, clock);
  [service, replica] = [make(), make()];
});
afterAll(() => storage.remove());
beforeEach(() => {
  request = { admin: { id: newId() }, route: 'POST /things', key: newId(), body: { label: 'a' } };
});

const keys = () => storage.dataSource.getRepository(IdempotencyKey);
const count = (name: string) => storage.dataSource.getRepository(InstallationValue).countBy({ sealed: name });

/** Stands for a creation: one row under a new id, which the answer tells. */
const create =
  (name: string) =>
  async ({ manager }: Transaction): Promise<{ id: string; secret: string }> => {
    const id = newId();
    await manager.insert(InstallationValue, { name: id, sealed: name });
    return { id, secret: 'mcs_example' };
  };

describe('a creation under an Idempotency-Key', () => {
  it('happens once, and is answered alike afterwards', async () => {
    const first = await service.run(request, create('once'));
    const second = await replica.run(request, create('once'));
    expect(first.replayed).toBe(false);
    expect(second).toEqual({ answer: first.answer, replayed: true });
    expect(await count('once')).toBe(1);
  });

  it('happens once when it is asked for many times at once', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, (_, i) => (i % 2 ? service : replica).run(request, create('at once'))));
    expect(new Set(answers.map(({ answer }) => answer.id)).size).toBe(1);
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(await count('at once')).toBe(1);
  });

  it('is refused under a key of another body', async () => {
    await service.run(request, create('body'));
    await expect(service.run({ ...request, body: { label: 'b' } }, create('body'))).rejects.toMatchObject({
      code: 'idempotency_key_reused',
      status: 422,
    });
    expect(await count('body')).toBe(1);
  });

  it('does not meet the keys of another admin or another route', async () => {
    await service.run(request, create('apart'));
    await service.run({ ...request, admin: { id: newId() } }, create('apart'));
    await service.run({ ...request, route: 'POST /others' }, create('apart'));
    expect(await count('apart')).toBe(3);
  });

  it('leaves nothing behind when it fails, so that it can be tried again', async () => {
    const fail = async (transaction: Transaction): Promise<never> => {
      await create('fails')(transaction);
      throw new ProblemError('name_taken', 'Taken.');
    };
    await expect(service.run(request, fail)).rejects.toMatchObject({ code: 'name_taken' });
    expect(await count('fails')).toBe(0);
    await expect(service.run(request, create('fails'))).resolves.toMatchObject({ replayed: false });
  });

  it('keeps its answer sealed and its body digested under the pepper', async () => {
    await service.run({ ...request, body: { password: 'hunter2hunter2' } }, create('sealed'));
    const rows = JSON.stringify(await keys().find());
    expect(rows).not.toContain('mcs_example');
    expect(rows).not.toContain('hunter2');
    expect(rows).toContain(storage.digester.digest(JSON.stringify({ password: 'hunter2hunter2' })));
  });

  it('can happen again after an hour', async () => {
    await service.run(request, create('hour'));
    storage.advance(3600 * 1000);
    await expect(service.run(request, create('hour'))).resolves.toMatchObject({ replayed: true });
    storage.advance(1);
    await expect(service.run(request, create('hour'))).resolves.toMatchObject({ replayed: false });
    await expect(service.run(request, create('hour'))).resolves.toMatchObject({ replayed: true });
    expect(await count('hour')).toBe(2);
  });

  it.each(['', 'with space', 'ümlaut', 'x'.repeat(256), 'tab\t'])('refuses the key %p', async (key) => {
    await expect(service.run({ ...request, key }, create('bad key'))).rejects.toMatchObject({ code: 'validation_failed', status: 400 });
    expect(await count('bad key')).toBe(0);
  });

  it('takes a key of 255 characters, and a body that is absent', async () => {
    const long = { ...request, key: '~'.repeat(255), body: undefined };
    await service.run(long, create('long'));
    await expect(service.run(long, create('long'))).resolves.toMatchObject({ replayed: true });
  });
});

describe('a creation without a key', () => {
  it('happens each time', async () => {
    for (let i = 0; i < 2; i++) {
      await expect(service.run({ ...request, key: undefined }, create('no key'))).resolves.toMatchObject({ replayed: false });
    }
    expect(await count('no key')).toBe(2);
  });
});

describe('keys older than an hour', () => {
  it('are removed, and no younger ones', async () => {
    const now = storage.clock();
    const row = (createdAt: number) => ({ id: newId(), requestDigest: '', sealedAnswer: '', createdAt });
    await keys().clear();
    await keys().insert(Array.from({ length: 600 }, () => row(now - 3600 * 1000 - 1)));
    await keys().insert(row(now - 3600 * 1000));
    await service.prune();
    expect(await keys().count()).toBe(1);
  });
});
