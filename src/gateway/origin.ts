import { isLoopbackHost } from '../config/load-config.js';
import { MCP_CODE, McpError } from '../protocol/mcp-error.js';

export interface OriginHeaders {
  readonly host?: string | undefined;
  readonly origin?: string | undefined;
}

const MAX_SPELLINGS = 100;

/** Which hosts and browser origins may call an MCP endpoint, against DNS rebinding (R-GWC-01). */
export class OriginPolicy {
  private readonly origins: ReadonlySet<string>;
  private readonly hosts: ReadonlySet<string>;
  private readonly protocol: string;
  /** Spellings of our own hosts that have come before, and to which port: to take one apart costs more than all other checks. */
  private readonly spellings = new Map<string, number>();

  constructor(publicUrl: string, allowedOrigins: readonly string[]) {
    this.origins = new Set(allowedOrigins);
    this.hosts = new Set([publicUrl, ...allowedOrigins].map((origin) => new URL(origin).host));
    this.protocol = new URL(publicUrl).protocol;
  }

  /**
   * @param localPort the port that the connection came in on
   * @throws {McpError} 403 where `Host` is not ours or `Origin` is present and not allowed.
   */
  check({ host, origin }: OriginHeaders, localPort: number | undefined): void {
    if (!this.isOwnHost(host, localPort)) throw forbidden('Host');
    if (origin !== undefined && !this.origins.has(origin)) throw forbidden('Origin');
  }

  private isOwnHost(host: string | undefined, localPort: number | undefined): boolean {
    if (host === undefined) return false;
    if (this.hosts.has(host) || (localPort !== undefined && this.spellings.get(host) === localPort)) return true;
    if (!isLoopbackAt(host, localPort) && !this.hosts.has(this.normalize(host))) return false;
    if (this.spellings.size >= MAX_SPELLINGS) this.spellings.clear();
    if (localPort !== undefined) this.spellings.set(host, localPort);
    return true;
  }

  /** Lower case, and without the port where it is the scheme's own. */
  private normalize(host: string): string {
    const url = `${this.protocol}//${host}`;
    return !/[/?#@\\]/.test(host) && URL.canParse(url) ? new URL(url).host : '';
  }
}

/** A loopback name cannot be rebound; the port keeps out what another program on this machine serves. */
function isLoopbackAt(host: string, localPort: number | undefined): boolean {
  const match = /^(\[::1\]|[^:]+)(?::(\d{1,5}))?$/.exec(host.toLowerCase());
  return match?.[1] !== undefined && isLoopbackHost(match[1]) && Number(match[2] ?? 80) === localPort;
}

const forbidden = (header: string): McpError =>
  new McpError(403, MCP_CODE.invalidRequest, `This ${header} is not allowed here.`, { detail: `The header ${header} is not allowed` });
