import { isUtf8 } from 'node:buffer';

/** A JWS in compact serialization (RFC 7515 §7.1), taken apart and not verified. */
export interface CompactJws {
  readonly header: Readonly<Record<string, unknown>>;
  readonly payload: Readonly<Record<string, unknown>>;
  /** What the signature is over. */
  readonly signed: string;
  readonly signature: Buffer;
}

const COMPACT = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/;

/** Undefined for what is not one, or whose header or payload is no JSON object. */
export function parseCompactJws(text: string): CompactJws | undefined {
  const [, headerPart = '', payloadPart = '', signaturePart = ''] = COMPACT.exec(text) ?? [];
  const header = parseObject(decode(headerPart));
  const payload = parseObject(decode(payloadPart));
  const signature = decode(signaturePart);
  return header && payload && signature ? { header, payload, signed: `${headerPart}.${payloadPart}`, signature } : undefined;
}

/** Spare bits at the end must be zero, else one signature could be written in several ways (RFC 4648 §3.5). */
function decode(part: string): Buffer | undefined {
  const bytes = Buffer.from(part, 'base64url');
  return bytes.length > 0 && bytes.toString('base64url') === part ? bytes : undefined;
}

function parseObject(bytes: Buffer | undefined): Readonly<Record<string, unknown>> | undefined {
  if (!bytes || !isUtf8(bytes)) return undefined;
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined; // not JSON, so no object
  }
}
