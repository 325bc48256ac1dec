import { randomBytes, randomUUID } from 'node:crypto';
import { decodeTime, encodeTime, monotonicFactory } from 'ulid';

const POOL_BYTES = 4096;
let pool = randomBytes(POOL_BYTES);
let next = 0;

// ulid's own source of randomness asks the operating system once per character (35 µs an id).
function pooledRandom(): number {
  if (next === POOL_BYTES) {
    pool = randomBytes(POOL_BYTES);
    next = 0;
  }
  return (pool[next++] ?? 0) / 256;
}

const monotonicUlid = monotonicFactory(pooledRandom);

/** A ULID: 26 characters, sortable by creation, unique. Not a secret: it can be guessed from its neighbours. */
export function newId(): string {
  return monotonicUlid();
}

/** A source of ULIDs that carry the time they are given, and still come in order. */
export function idFactory(): (time: number) => string {
  return monotonicFactory(pooledRandom);
}

const REQUEST_ID_BYTES = 8;

/** By which a request is found in the log: 16 hexadecimal digits, which tell nobody how many requests there are. */
export function newRequestId(): string {
  if (next + REQUEST_ID_BYTES > POOL_BYTES) {
    pool = randomBytes(POOL_BYTES);
    next = 0;
  }
  next += REQUEST_ID_BYTES;
  return pool.toString('hex', next - REQUEST_ID_BYTES, next);
}

const TIME_LENGTH = 10;
const RANDOM_LENGTH = 16;
/** What a ULID can express (10889 AD). */
const MAX_TIME = 2 ** 48 - 1;

/** The least ULID of a time. */
export const firstIdAt = (time: number): string =>
  encodeTime(Math.min(Math.max(0, Math.floor(time)), MAX_TIME), TIME_LENGTH) + '0'.repeat(RANDOM_LENGTH);

/** When a ULID was made; undefined for a text that is none. */
export const timeOfId = (id: string): number | undefined => (/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(id) ? decodeTime(id) : undefined);

/** A unique value that cannot be guessed (122 random bits), for `jti` and session ids. */
export function newUnguessableId(): string {
  return randomUUID();
}
