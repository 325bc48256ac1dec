import { describe, expect, it } from '@jest/globals';
import { generatePassword, hashPassword, PasswordVerifier } from './passwords.js';

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

describe('passwords', () => {
  it('are stored as argon2id with 19 MiB, two passes and one lane', async () => {
    expect(await hashPassword('correct horse')).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  });

  it('are generated from letters and digits, with at least 128 bits', () => {
    const passwords = Array.from({ length: 500 }, generatePassword);
    for (const password of passwords) expect(password).toMatch(/^[0-9A-Za-z]{24}$/);
    expect(new Set(passwords).size).toBe(500);
    expect(24 * Math.log2(62)).toBeGreaterThan(128);
  });
});

describe('PasswordVerifier', () => {
  it('accepts the right password and no other', async () => {
    const verifier = new PasswordVerifier();
    const stored = await hashPassword('correct horse');
    await expect(verifier.verify('correct horse', stored)).resolves.toBe(true);
    await expect(verifier.verify('Correct horse', stored)).resolves.toBe(false);
    await expect(verifier.verify('', stored)).resolves.toBe(false);
  });

  it('does the work of a wrong password for a name that does not exist', async () => {
    const verifier = new PasswordVerifier();
    const stored = await hashPassword('correct horse');
    const [wrong, unknown] = [
      await timed(() => verifier.verify('wrong', stored)),
      await timed(async () => expect(await verifier.verify('wrong', undefined)).toBe(false)),
    ];
    expect(unknown).toBeGreaterThan(wrong / 5);
  });

  it('remembers what was right, and asks again when the stored hash is another', async () => {
    const verifier = new PasswordVerifier();
    const stored = await hashPassword('correct horse');
    const once = await timed(async () => expect(await verifier.verify('correct horse', stored)).toBe(true));
    const again = await timed(async () => {
      for (let i = 0; i < 100; i++) expect(await verifier.verify('correct horse', stored)).toBe(true);
    });
    expect(again / 100).toBeLessThan(once / 4);
    await expect(verifier.verify('wrong', stored)).resolves.toBe(false);
    await expect(verifier.verify('correct horse', await hashPassword('another horse'))).resolves.toBe(false);
    await expect(verifier.verify('correct horse', undefined)).resolves.toBe(false);
  });

  it('answers 503 when too many wait, and goes on afterwards', async () => {
    const verifier = new PasswordVerifier();
    const stored = await hashPassword('correct horse');
    const answers = await Promise.allSettled(Array.from({ length: 80 }, (_, i) => verifier.verify(`guess ${i}`, stored)));
    const refused = answers.filter((answer) => answer.status === 'rejected');
    expect(refused).toHaveLength(80 - 4 - 64);
    expect(refused[0]).toMatchObject({ reason: { code: 'unavailable', status: 503, headers: { 'retry-after': '1' } } });
    await expect(verifier.verify('correct horse', stored)).resolves.toBe(true);
  });
});
