/** RFC 9110 §5.6.2. */
const TOKEN = /^[a-z0-9!#$%&'*+.^_`|~-]{1,128}$/;
/** What HTTP, MCP and the gateway say themselves. */
const OURS =
  /^(host|connection|content-.*|transfer-encoding|accept.*|expect|te|trailer|upgrade|keep-alive|cookie2?|proxy-.*|mcp-.*|last-event-id|x-forwarded-.*|forwarded|via)$/;

/** Why a header, in lower case, is not one that an admin may set towards an upstream; undefined where it is. */
export function findHeaderFault(name: string): string | undefined {
  if (!TOKEN.test(name)) return `${JSON.stringify(name.slice(0, 64))} is no name of a header`;
  return OURS.test(name) ? `the header ${name} is set by the gateway` : undefined;
}
