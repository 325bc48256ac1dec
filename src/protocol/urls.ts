/** The fixed paths of the product. Every URL is `PUBLIC_URL` plus one of these; nothing comes from a request's `Host`. */
export const PATHS = {
  issuer: '/authed/mcp',
  token: '/authed/mcp/oauth/token',
  revoke: '/authed/mcp/oauth/revoke',
  introspect: '/authed/mcp/oauth/introspect',
  leaked: '/authed/mcp/oauth/leaked',
  jwks: '/authed/mcp/oauth/jwks',
  authorize: '/authed/mcp/oauth/authorize',
  protectedMcp: '/authed/mcp',
  publicMcp: '/mcp',
  authorizationServerMetadata: '/.well-known/oauth-authorization-server/authed/mcp',
  protectedResourceMetadata: '/.well-known/oauth-protected-resource/authed/mcp',
  adminApi: '/api/v1',
  webhooks: '/webhooks/',
  swagger: '/api/docs',
  health: '/health',
  metrics: '/metrics',
  dashboard: '/dashboard',
  oidcSignIn: '/dashboard/sign-in/oidc',
  oidcCallback: '/dashboard/sign-in/oidc/callback',
} as const;

/** Which wire language a path speaks. */
export type RouteFamily = 'oauth' | 'mcp' | 'web';

/** The family of a request path (no query): OAuth endpoints, MCP endpoints, or everything else. */
export function routeFamily(path: string): RouteFamily {
  if (path === '/authed/mcp/oauth' || path.startsWith('/authed/mcp/oauth/')) return 'oauth';
  if (/^\/(authed\/)?mcp(\/|$)/.test(path)) return 'mcp';
  return 'web';
}
