import { createHmac, randomBytes, randomInt } from 'node:crypto';
import { hash, verify } from '@node-rs/argon2';
import { LRUCache } from 'lru-cache';
import { ProblemError } from '../protocol/problem.js';

/** argon2id with 19 MiB, two passes, one lane (OWASP's first recommendation); the library's default algorithm is argon2id. */
const OPTIONS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
const AT_ONCE = 4;
const MAX_WAITING = 64;
const CACHE_ENTRIES = 1000;
const CACHE_MS = 300_000;
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const DUMMY_HASH = await hash(randomBytes(24), OPTIONS);

export const hashPassword = (password: string): Promise<string> => hash(password, OPTIONS);

/** At least 142 random bits in letters and digits: a double click selects it whole. */
export const generatePassword = (): string => Array.from({ length: 24 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');

/**
 * Verifies passwords, a few at a time, since each costs 19 MiB and 11 ms. A password that was right is remembered for five
 * minutes by an HMAC that binds it to the stored hash: a changed password is asked for again at once.
 */
export class PasswordVerifier {
  private readonly key = randomBytes(32);
  private readonly known = new LRUCache<string, true>({ max: CACHE_ENTRIES, ttl: CACHE_MS });
  private readonly waiting: (() => void)[] = [];
  private running = 0;

  /** Without a stored hash (an unknown name) it does the same work and says no. */
  async verify(password: string, storedHash: string | undefined): Promise<boolean> {
    const tag = storedHash === undefined ? undefined : this.tagOf(password, storedHash);
    if (tag !== undefined && this.known.has(tag)) return true;
    await this.enter();
    try {
      const isRight = await verify(storedHash ?? DUMMY_HASH, password);
      if (isRight && tag !== undefined) this.known.set(tag, true);
      return isRight && storedHash !== undefined;
    } finally {
      this.leave();
    }
  }

  private tagOf(password: string, storedHash: string): string {
    return createHmac('sha256', this.key).update(`${storedHash}\n${password}`).digest('base64');
  }

  private async enter(): Promise<void> {
    if (this.running < AT_ONCE) {
      this.running++;
      return;
    }
    if (this.waiting.length >= MAX_WAITING)
      throw new ProblemError('unavailable', 'Too many sign-ins at once. Try again.', { headers: { 'retry-after': '1' } });
    await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  private leave(): void {
    const next = this.waiting.shift();
    if (next) next();
    else this.running--;
  }
}
