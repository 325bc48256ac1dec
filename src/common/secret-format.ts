import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const RANDOM_BYTES = 32;
/** 62^43 > 2^256. */
const RANDOM_LENGTH = 43;
/** 62^6 > 2^32. */
const CHECKSUM_LENGTH = 6;

/**
 * A new secret: the prefix, 256 random bits and a CRC-32 of both, in letters and digits only. Prefix and checksum let
 * scanners find a leaked one without false alarms; plain characters survive clients that encode nothing.
 */
export function generateSecret(prefix: string): string {
  const random = prefix + toBase62(BigInt(`0x${randomBytes(RANDOM_BYTES).toString('hex')}`), RANDOM_LENGTH);
  return random + checksumOf(random);
}

/** Whether a text has the form of a secret with this prefix, checksum included. */
export function hasSecretFormat(prefix: string, text: string): boolean {
  if (!text.startsWith(prefix) || text.length !== prefix.length + RANDOM_LENGTH + CHECKSUM_LENGTH) return false;
  return /^[0-9A-Za-z_]+$/.test(text) && text.endsWith(checksumOf(text.slice(0, -CHECKSUM_LENGTH)));
}

/** A text from elsewhere, e.g. the path of a request, without the secrets and tokens of ours that somebody put into it. */
export const hideSecrets = (text: string): string => text.replace(/(mc[srw]_|mka_|mgs_|eyJ)[\w.-]+|(whsec_)[\w+/=-]+/g, '$1$2***');

/** The last four characters, by which people tell secrets apart. */
export const hintOf = (secret: string): string => secret.slice(-4);

const checksumOf = (text: string): string => toBase62(BigInt(crc32(text)), CHECKSUM_LENGTH);

function toBase62(value: bigint, length: number): string {
  let rest = value;
  let text = '';
  while (text.length < length) {
    text = (ALPHABET[Number(rest % 62n)] ?? '') + text;
    rest /= 62n;
  }
  return text;
}
