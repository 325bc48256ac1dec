const CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
  'ER_CON_COUNT_ERROR',
  'ER_LOCK_WAIT_TIMEOUT',
  'ER_OPTION_PREVENTS_STATEMENT',
  'ER_SERVER_SHUTDOWN',
  'POOL_CLOSED',
  'PROTOCOL_CONNECTION_LOST',
  'PROTOCOL_ENQUEUE_AFTER_FATAL_ERROR',
  'PROTOCOL_SEQUENCE_TIMEOUT',
  'SQLITE_BUSY',
  'SQLITE_FULL',
  'SQLITE_READONLY',
]);
const NAMES = new Set(['CannotExecuteNotConnectedError', 'QueryRunnerAlreadyReleasedError']);

/** Whether an error says that the database cannot be used at the moment: nobody's mistake, and worth another try. */
export function isDatabaseAway(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const fault = error as Fault;
  return saysAway(fault) || isDatabaseAway(fault.driverError ?? fault.cause);
}

function saysAway({ code = '', name = '', message = '' }: Fault): boolean {
  // What the drivers say without a code of its own.
  const isClosed =
    /database connection is not open|connection is not established|pool is closed|closed state|connection lost|queue limit reached/i.test(
      message,
    );
  return CODES.has(code) || code.startsWith('SQLITE_IOERR') || NAMES.has(name) || isClosed;
}

interface Fault {
  readonly code?: string;
  readonly name?: string;
  readonly message?: string;
  readonly driverError?: unknown;
  readonly cause?: unknown;
}
