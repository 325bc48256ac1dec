import { ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import { ProblemError } from '../protocol/problem.js';

const DEFAULT_LIMIT = 50;
const ID_LENGTH = 26;
/** A cursor holds what its list is ordered by, such as a label or a path. */
const MAX_CURSOR = 4096;

/** The query of every list. */
export class PageQueryDto {
  @ApiPropertyOptional({ type: 'integer', example: 50, minimum: 1, maximum: 200, default: DEFAULT_LIMIT })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(200)
  limit?: number;

  @ApiPropertyOptional({ description: 'The `nextCursor` of the page before.' })
  @IsOptional()
  @IsString()
  @MaxLength(MAX_CURSOR)
  cursor?: string;
}

/** One page of a list (`{ items, nextCursor }`). */
export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

/**
 * Reads one page: `read` gives up to `take` items whose ids come after the cursor's. Ids are ULIDs.
 * @throws {ProblemError} `validation_failed` for a cursor that no page gave.
 */
export async function readPage<T extends { readonly id: string }>(
  query: PageQueryDto,
  read: (after: string | undefined, take: number) => Promise<T[]>,
): Promise<Page<T>> {
  return readOrderedPage(query, { read, place: ({ id }) => id, parse: (text) => (text.length === ID_LENGTH ? text : undefined) });
}

/** How a list is read whose order is not that of its ids. */
export interface Ordered<T, Place> {
  /** Up to `take` items that come after this place, from the beginning where there is none. */
  readonly read: (after: Place | undefined, take: number) => Promise<T[]> | T[];
  /** The place of an item, as its cursor has it. */
  readonly place: (item: T) => string;
  /** The place that a cursor names; undefined where no page gave it. */
  readonly parse: (place: string) => Place | undefined;
}

/**
 * The same in another order than that of the ids: a cursor holds the place of the last item.
 * @throws {ProblemError} `validation_failed` for a cursor that no page gave.
 */
export async function readOrderedPage<T, Place>(query: PageQueryDto, { read, place, parse }: Ordered<T, Place>): Promise<Page<T>> {
  const limit = query.limit ?? DEFAULT_LIMIT;
  const after = query.cursor === undefined ? undefined : readCursor(query.cursor, parse);
  const found = await read(after, limit + 1);
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: found.length > limit && last ? toCursor(place(last)) : null };
}

const toCursor = (place: string): string => Buffer.from(place).toString('base64url');

function readCursor<Place>(cursor: string, parse: (place: string) => Place | undefined): Place {
  const text = Buffer.from(cursor, 'base64url').toString('utf8');
  const place = toCursor(text) === cursor ? parse(text) : undefined;
  if (place !== undefined) return place;
  const message = 'must be the nextCursor of an earlier page of the same list in the same order';
  throw new ProblemError('validation_failed', `cursor: ${message}`, { errors: [{ field: 'cursor', message }] });
}

/** The values of a place that was written as a JSON array; undefined for any other text. */
export function parsePlace(text: string): readonly unknown[] | undefined {
  try {
    const values: unknown = JSON.parse(text);
    return Array.isArray(values) ? values : undefined;
  } catch {
    // No page of ours wrote it: the caller says so.
    return undefined;
  }
}
