/** Name and password of HTTP Basic (RFC 7617 §2): cut at the first colon, since a password may hold more of them, and UTF-8. */
export function readBasicCredentials(authorization: string | undefined): { name: string; password: string } | undefined {
  const encoded = /^Basic +([A-Za-z0-9+/_-]+={0,2}) *$/i.exec(authorization ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const text = decode(encoded);
  const colon = text.indexOf(':');
  return colon < 1 ? undefined : { name: text.slice(0, colon), password: text.slice(colon + 1) };
}

function decode(encoded: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(encoded, 'base64'));
  } catch {
    // Bytes that are not UTF-8 are nobody's name.
    return '';
  }
}
