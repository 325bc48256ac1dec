import type { TableColumnOptions } from 'typeorm';

export const id = (name = 'id'): TableColumnOptions => ({ name, type: 'varchar', length: '26' });
export const text = (name: string, length: number): TableColumnOptions => ({ name, type: 'varchar', length: String(length) });
export const long = (name: string): TableColumnOptions => ({ name, type: 'text' });
export const time = (name: string): TableColumnOptions => ({ name, type: 'bigint' });
export const int = (name: string): TableColumnOptions => ({ name, type: 'integer' });
export const bool = (name: string): TableColumnOptions => ({ name, type: 'boolean' });
export const optional = (column: TableColumnOptions): TableColumnOptions => ({ ...column, isNullable: true });
export const primary = (column: TableColumnOptions): TableColumnOptions => ({ ...column, isPrimary: true });
