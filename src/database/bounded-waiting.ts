import type { DataSource } from 'typeorm';

/** A statement of ours takes milliseconds. One that takes longer waits for a server that hangs, or that no packet reaches. */
const STATEMENT_MS = 15_000;
/** For a connection, while all are in use. */
const WAIT_MS = 5000;

type Callback = (error: NodeJS.ErrnoException | null, ...rest: unknown[]) => void;

/** What is used of mysql2's. */
export interface Connection {
  query(statement: unknown, ...rest: unknown[]): unknown;
  release(): void;
  destroy(): void;
  readonly stream: { destroy(): void };
}

export interface Pool {
  getConnection(callback: (error: Error | null, connection?: Connection) => void): void;
}

export interface Bounds {
  readonly statementMs: number;
  readonly waitMs: number;
}

/** Bounds how long a served request waits for MySQL or MariaDB. Not for what happens at a start: migrations may take their time. */
export function boundWaiting(dataSource: DataSource): void {
  const { pool } = dataSource.driver as { pool?: Pool };
  if (pool) boundPool(pool, { statementMs: STATEMENT_MS, waitMs: WAIT_MS });
}

export function boundPool(pool: Pool, { statementMs, waitMs }: Bounds): void {
  const bounded = new WeakSet<Connection>();
  const getConnection = pool.getConnection.bind(pool);
  pool.getConnection = (callback) => {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      callback(Object.assign(new Error('No connection to the database became free in time'), { code: 'ETIMEDOUT' }));
    }, waitMs);
    getConnection((error, connection) => {
      clearTimeout(timer);
      // Who wanted it has gone.
      if (isLate) return connection?.release();
      if (connection && !bounded.has(connection)) {
        bounded.add(connection);
        boundConnection(connection, statementMs);
      }
      callback(error, connection);
    });
  };
}

/** On a connection that has not answered in time, everything else would wait as well. */
function boundConnection(connection: Connection, timeout: number): void {
  const query = connection.query.bind(connection);
  connection.query = (statement, ...rest) => {
    const callback = rest.at(-1);
    if (typeof callback !== 'function') return query(statement, ...rest);
    const settle: Callback = (error, ...results) => {
      if (error?.code === 'PROTOCOL_SEQUENCE_TIMEOUT') leave(connection);
      (callback as Callback)(error, ...results);
    };
    const options = typeof statement === 'string' ? { sql: statement, timeout } : { timeout, ...(statement as object) };
    return query(options, ...rest.slice(0, -1), settle);
  };
}

function leave(connection: Connection): void {
  connection.destroy();
  // That alone waits for the other side to hang up.
  connection.stream.destroy();
}
