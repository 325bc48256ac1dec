/** Authorization server metadata (RFC 8414 §2) of a machine-only server. */
export interface AuthorizationServerMetadata {
  readonly issuer: string;
  readonly authorization_endpoint: string;
  readonly token_endpoint: string;
  readonly jwks_uri: string;
  readonly scopes_supported?: readonly string[];
  readonly response_types_supported: readonly string[];
  readonly grant_types_supported: readonly string[];
  readonly token_endpoint_auth_methods_supported: readonly string[];
  readonly token_endpoint_auth_signing_alg_values_supported: readonly string[];
  readonly revocation_endpoint: string;
  readonly revocation_endpoint_auth_methods_supported: readonly string[];
  readonly revocation_endpoint_auth_signing_alg_values_supported: readonly string[];
  readonly introspection_endpoint: string;
  readonly introspection_endpoint_auth_methods_supported: readonly string[];
  readonly introspection_endpoint_auth_signing_alg_values_supported: readonly string[];
  readonly dpop_signing_alg_values_supported: readonly string[];
  readonly tls_client_certificate_bound_access_tokens?: true;
}

export interface AuthorizationServerFeatures {
  readonly issuer: string;
  readonly scopes: readonly string[];
  readonly grantTypes: readonly string[];
  readonly authMethods: readonly string[];
  /** Whether a grant does without client authentication, so that `none` is a method at the token endpoint. */
  readonly hasOpenGrant: boolean;
  /** Algorithms of client assertions, and of DPoP proofs. */
  readonly assertionAlgs: readonly string[];
  readonly proofAlgs: readonly string[];
  /** Whether tokens can be bound to client certificates (RFC 8705 §3.3). */
  readonly bindsCertificates: boolean;
}

/**
 * RFC 8414 §2. `response_types_supported` is required there, and stock MCP clients refuse a document without it or without an
 * `authorization_endpoint`; ours is empty, and that endpoint always refuses (erratum 7793).
 */
export function authorizationServerMetadata(features: AuthorizationServerFeatures): AuthorizationServerMetadata {
  const { issuer, scopes, grantTypes, authMethods, hasOpenGrant, assertionAlgs, proofAlgs, bindsCertificates } = features;
  return {
    issuer,
    authorization_endpoint: `${issuer}/oauth/authorize`,
    token_endpoint: `${issuer}/oauth/token`,
    jwks_uri: `${issuer}/oauth/jwks`,
    ...(scopes.length > 0 ? { scopes_supported: scopes } : {}),
    response_types_supported: [],
    grant_types_supported: grantTypes,
    token_endpoint_auth_methods_supported: hasOpenGrant ? [...authMethods, 'none'] : authMethods,
    token_endpoint_auth_signing_alg_values_supported: assertionAlgs,
    revocation_endpoint: `${issuer}/oauth/revoke`,
    revocation_endpoint_auth_methods_supported: authMethods,
    revocation_endpoint_auth_signing_alg_values_supported: assertionAlgs,
    introspection_endpoint: `${issuer}/oauth/introspect`,
    introspection_endpoint_auth_methods_supported: authMethods,
    introspection_endpoint_auth_signing_alg_values_supported: assertionAlgs,
    dpop_signing_alg_values_supported: proofAlgs,
    ...(bindsCertificates ? { tls_client_certificate_bound_access_tokens: true as const } : {}),
  };
}

/** Protected resource metadata (RFC 9728 §2). Never holds `jwks_uri`: that would be the resource's own keys. */
export interface ProtectedResourceMetadata {
  readonly resource: string;
  readonly authorization_servers: readonly string[];
  readonly scopes_supported?: readonly string[];
  readonly bearer_methods_supported: readonly string[];
  readonly resource_name: string;
}

export interface ProtectedResource {
  readonly resource: string;
  readonly name: string;
  /** The minimal set for basic use. */
  readonly scopes: readonly string[];
}

export function protectedResourceMetadata({ resource, name, scopes }: ProtectedResource, issuer: string): ProtectedResourceMetadata {
  return {
    resource,
    authorization_servers: [issuer],
    ...(scopes.length > 0 ? { scopes_supported: scopes } : {}),
    bearer_methods_supported: ['header'],
    resource_name: name,
  };
}
