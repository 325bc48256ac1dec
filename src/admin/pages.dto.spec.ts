import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { newId } from '../common/ids.js';
import { PageQueryDto, readPage } from './pages.dto.js';

const ids = Array.from({ length: 7 }, newId).reverse();

/** Newest first, as the lists are. */
const read = (after: string | undefined, take: number) =>
  Promise.resolve(
    ids
      .filter((id) => after === undefined || id < after)
      .slice(0, take)
      .map((id) => ({ id })),
  );

const faultsOf = (query: object) => validateSync(plainToInstance(PageQueryDto, query)).map(({ property }) => property);

describe('readPage', () => {
  it('walks through everything once', async () => {
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page: Awaited<ReturnType<typeof readPage<{ id: string }>>> = await readPage({ limit: 3, ...(cursor ? { cursor } : {}) }, read);
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(seen).toEqual(ids);
  });

  it('gives no cursor where the last page is full to the brim', async () => {
    await expect(readPage({ limit: 7 }, read)).resolves.toMatchObject({ nextCursor: null });
  });

  it('gives 50 where no limit is asked for', async () => {
    let asked = 0;
    await readPage({}, (_after, take) => {
      asked = take;
      return Promise.resolve([]);
    });
    expect(asked).toBe(51);
  });

  it.each(['!', 'abc', Buffer.from('too short').toString('base64url'), `${'A'.repeat(35)}=`, 'A'.repeat(64)])(
    'refuses the cursor %p',
    async (cursor) => {
      await expect(readPage({ cursor }, read)).rejects.toMatchObject({
        code: 'validation_failed',
        options: { errors: [{ field: 'cursor', message: expect.any(String) }] },
      });
    },
  );
});

describe('the query of a page', () => {
  it.each([{}, { limit: '1' }, { limit: '200' }])('may be %p', (query) => {
    expect(faultsOf(query)).toEqual([]);
  });

  it.each(['0', '201', '-1', '1.5', 'x', ''])('may not ask for %p items', (limit) => {
    expect(faultsOf({ limit })).toEqual(['limit']);
  });
});
