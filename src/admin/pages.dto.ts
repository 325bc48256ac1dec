import { ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import { ProblemError } from '../protocol/problem.js';

const DEFAULT_LIMIT = 50;
const ID_LENGTH = 26;

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
  @MaxLength(64)
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
  const limit = query.limit ?? DEFAULT_LIMIT;
  const after = query.cursor === undefined ? undefined : readCursor(query.cursor);
  const found = await read(after, limit + 1);
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: found.length > limit && last ? toCursor(last.id) : null };
}

const toCursor = (id: string): string => Buffer.from(id).toString('base64url');

function readCursor(cursor: string): string {
  const id = Buffer.from(cursor, 'base64url');
  if (id.length === ID_LENGTH && id.toString('base64url') === cursor) return id.toString('latin1');
  const message = 'must be the nextCursor of an earlier page';
  throw new ProblemError('validation_failed', `cursor: ${message}`, { errors: [{ field: 'cursor', message }] });
}
