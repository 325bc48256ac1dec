import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type TestStorage, testStorage } from '../../test/support/database.js';
import type { EventInput } from '../audit/audit.service.js';
import { AuditEvent } from '../audit/event.entity.js';
import type { EventDto, EventQueryDto } from './event.dto.js';
import { EventsService } from './events.service.js';

let storage: TestStorage;
let service: EventsService;

const MINUTE = 60_000;
const INPUTS: EventInput[] = [
  { kind: 'credential.created', credentialId: 'c1', clientId: 'mcc_one', actor: 'ada', detail: { label: 'x' } },
  { kind: 'token.issued', credentialId: 'c1', clientId: 'mcc_one', server: 'docs', address: '192.0.2.1' },
  { kind: 'token.refused', clientId: 'mcc_two', server: 'docs' },
  { kind: 'call', credentialId: 'c1', clientId: 'mcc_one', server: 'other' },
  { kind: 'admin.created', actor: 'ada' },
];

beforeAll(async () => {
  storage = await testStorage();
  const audit = storage.newAudit();
  for (const input of INPUTS) {
    audit.note(input);
    storage.advance(MINUTE);
  }
  await audit.flush();
  service = new EventsService(storage.dataSource.getRepository(AuditEvent));
});
afterAll(() => storage.remove());

const kinds = async (query: EventQueryDto): Promise<string[]> => (await service.page(query)).items.map(({ kind }) => kind);

async function streamed(query: EventQueryDto): Promise<EventDto[]> {
  let text = '';
  for await (const chunk of service.stream(query)) text += chunk;
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as EventDto);
}

describe('the audit trail', () => {
  it('is read newest first, with the detail parsed', async () => {
    const { items } = await service.page({});
    expect(items.map(({ kind }) => kind)).toEqual(INPUTS.map(({ kind }) => kind).reverse());
    expect(items.at(-1)).toMatchObject({ at: '2026-11-22T10:00:00.000Z', actor: 'ada', server: null, detail: { label: 'x' } });
    expect(items[0]?.detail).toEqual({});
  });

  it.each<[EventQueryDto, string[]]>([
    [{ credential: 'c1' }, ['call', 'token.issued', 'credential.created']],
    [{ credential: 'mcc_two' }, ['token.refused']],
    [{ credential: 'c1', server: 'docs' }, ['token.issued']],
    [{ server: 'docs' }, ['token.refused', 'token.issued']],
    [{ kind: 'call' }, ['call']],
    [{ kind: 'token.*' }, ['token.refused', 'token.issued']],
    [{ kind: 'c*' }, ['call', 'credential.created']],
    [{ kind: 'token_*' }, []],
    [{ actor: 'ada' }, ['admin.created', 'credential.created']],
    [{ from: '2026-11-22T10:03:00Z' }, ['admin.created', 'call']],
    [{ to: '2026-11-22T12:01:00+02:00' }, ['credential.created']],
    [{ from: '2026-11-22', to: '2026-11-23', kind: 'call' }, ['call']],
    [{ credential: "' OR 1=1 --" }, []],
  ])('is filtered by %p', async (query, expected) => {
    expect(await kinds(query)).toEqual(expected);
  });

  it('comes in pages', async () => {
    const first = await service.page({ limit: 2 });
    const second = await service.page({ limit: 2, cursor: first.nextCursor ?? '' });
    const third = await service.page({ limit: 2, cursor: second.nextCursor ?? '' });
    expect([first, second, third].map(({ items }) => items.length)).toEqual([2, 2, 1]);
    expect(third.nextCursor).toBeNull();
    expect(new Set([first, second, third].flatMap(({ items }) => items.map(({ id }) => id))).size).toBe(5);
  });

  it('is streamed line by line, filtered alike', async () => {
    expect((await streamed({ kind: 'token.*' })).map(({ kind }) => kind)).toEqual(['token.refused', 'token.issued']);
    expect(await streamed({ server: 'nowhere' })).toEqual([]);
  });

  it('is streamed whole, in batches that are read only when they are wanted', async () => {
    const audit = storage.newAudit();
    for (let i = 0; i < 1100; i++) audit.note({ kind: 'call', server: 'busy' });
    await audit.flush();
    const all = await streamed({ server: 'busy' });
    expect(new Set(all.map(({ id }) => id)).size).toBe(1100);
    expect(all.map(({ id }) => id)).toEqual(
      all
        .map(({ id }) => id)
        .sort()
        .reverse(),
    );
    const stream = service.stream({ server: 'busy' });
    const first = await stream.next();
    expect(String(first.value).split('\n').length).toBeLessThan(600);
    await stream.return(undefined);
  });
});
