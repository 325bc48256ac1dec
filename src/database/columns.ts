import type { ColumnOptions } from 'typeorm';

const numberFromDriver = {
  to: (value: number | null): number | null => value,
  // mysql2 gives BIGINT as a string where it is large, better-sqlite3 as a number.
  from: (value: string | number | null): number | null => (value === null ? null : Number(value)),
};

/** A ULID. */
export const idColumn = { type: 'varchar', length: 26 } as const satisfies ColumnOptions;

/** Milliseconds since the Unix epoch, set by the application's clock. */
export const timeColumn = { type: 'bigint', transformer: numberFromDriver } as const satisfies ColumnOptions;

export const optionalTimeColumn = { ...timeColumn, nullable: true } as const satisfies ColumnOptions;

/** A value kept as JSON text. */
export const jsonColumn = { type: 'simple-json' } as const satisfies ColumnOptions;

export const text = <L extends number>(length: L) => ({ type: 'varchar', length }) as const;

export const optionalText = <L extends number>(length: L) => ({ type: 'varchar', length, nullable: true }) as const;
