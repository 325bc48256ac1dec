import type { EntityManager, ObjectLiteral } from 'typeorm';
import type { Sealer } from './sealer.js';

/** A column whose values are sealed: by the key of its row it is known what each is sealed for. */
export interface SealedColumn {
  readonly entity: new () => ObjectLiteral;
  readonly key: string;
  readonly column: string;
  readonly purposeOf: (key: string) => string;
}

/**
 * Seals every value of the columns anew. Returns how many there were.
 * @throws with the table and the row of a value that the old key does not open.
 */
export async function reseal(
  manager: EntityManager,
  columns: readonly SealedColumn[],
  keys: { from: Sealer; to: Sealer },
): Promise<number> {
  let count = 0;
  for (const column of columns) count += await resealColumn(manager, column, keys);
  return count;
}

async function resealColumn(manager: EntityManager, sealed: SealedColumn, { from, to }: { from: Sealer; to: Sealer }): Promise<number> {
  const { driver } = manager.dataSource;
  const table = manager.dataSource.getMetadata(sealed.entity).tableName;
  const [into, column, key] = [table, sealed.column, sealed.key].map((name) => driver.escape(name));
  // '' is what stands in for an answer that is still being made.
  const rows: { id: string; value: string }[] = await manager.query(
    `SELECT ${key} AS id, ${column} AS value FROM ${into} WHERE ${column} IS NOT NULL AND ${column} <> ''`,
  );
  for (const { id, value } of rows) {
    const purpose = sealed.purposeOf(id);
    const plain = open(from, { purpose, value, where: `${table} ${id}` });
    // In plain SQL: a change of form is no new version of the row.
    await manager.query(`UPDATE ${into} SET ${column} = ? WHERE ${key} = ?`, [to.seal(purpose, plain), id]);
  }
  return rows.length;
}

function open(sealer: Sealer, { purpose, value, where }: { purpose: string; value: string; where: string }): Buffer {
  try {
    return sealer.open(purpose, value);
  } catch (error) {
    throw new Error(`The present master key does not open what is sealed in ${where}`, { cause: error });
  }
}
