const MAX_HEADER = 8192;

/**
 * The cookie of a sign-in session: not readable by scripts, sent by our own pages only. On https its name begins with `__Host-`,
 * with which browsers take it from this very host alone; on the loopback its name holds the port, since cookies know no ports.
 */
export class SessionCookie {
  readonly name: string;
  private readonly attributes: string;

  /** `sameSite` is `Lax` where the browser must bring it along when it comes back from another site. */
  constructor(publicUrl: string, { purpose, sameSite }: { purpose: string; sameSite: 'Strict' | 'Lax' }) {
    const { protocol, port } = new URL(publicUrl);
    const isSecure = protocol === 'https:';
    this.name = isSecure ? `__Host-gatehouse-${purpose}` : `gatehouse-${purpose}-${port || '80'}`;
    this.attributes = `Path=/; HttpOnly; SameSite=${sameSite}${isSecure ? '; Secure' : ''}`;
  }

  /** Its value in a request; undefined without one, and where it stands there more than once. */
  read(header: string | undefined): string | undefined {
    if (header === undefined || header.length > MAX_HEADER) return undefined;
    const values = header
      .split(';')
      .map((pair) => pair.trim())
      .filter((pair) => pair.startsWith(`${this.name}=`))
      .map((pair) => pair.slice(this.name.length + 1));
    return values.length === 1 ? values[0] : undefined;
  }

  /** The header that sets it. The value needs no encoding: it is of letters, digits, `_`, `-` and `.` only. */
  set(value: string, maxAgeSeconds: number): string {
    return `${this.name}=${value}; Max-Age=${Math.max(0, Math.floor(maxAgeSeconds))}; ${this.attributes}`;
  }

  clear(): string {
    return `${this.name}=; Max-Age=0; ${this.attributes}`;
  }
}
