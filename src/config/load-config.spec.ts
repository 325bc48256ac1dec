import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { StartupError } from '../common/startup-error.js';
import { isAddressOrNetwork, loadConfig } from './load-config.js';

const faultOf = (variables: NodeJS.ProcessEnv): string => {
  try {
    loadConfig(variables);
  } catch (error) {
    expect(error).toBeInstanceOf(StartupError);
    return (error as Error).message;
  }
  return '';
};

describe('loadConfig', () => {
  it('serves on a laptop without any variable', () => {
    const config = loadConfig({});
    expect(config).toMatchObject({
      port: 3000,
      host: '127.0.0.1',
      publicUrl: 'http://localhost:3000',
      issuer: 'http://localhost:3000/authed/mcp',
    });
    expect(config.database.kind).toBe('sqlite');
    expect(config.tokens).toEqual({
      ttlSeconds: 3600,
      signingAlg: 'ES256',
      grants: ['jwt-bearer', 'token-exchange'],
      keyRotationDays: 90,
      refreshTokens: false,
      refreshTtlSeconds: 1_209_600,
    });
    expect(config.rateLimits.tokenPerAddress).toBe(1000);
    expect(config.admin.password).toBeUndefined();
  });

  it('is frozen through and through', () => {
    const config = loadConfig({});
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.tokens)).toBe(true);
  });

  it.each([
    ['PORT', 'eighty', 'whole number'],
    ['PORT', '70000', '65535'],
    ['PUBLIC_URL', 'docs.example.com', 'must be a URL'],
    ['PUBLIC_URL', 'https://docs.example.com/base', 'without path'],
    ['PUBLIC_URL', 'https://user:pw@docs.example.com', 'user'],
    ['DATABASE_URL', 'postgres://localhost/x', 'mysql://'],
    ['DATABASE_URL', 'mysql://localhost', 'names no database'],
    ['MASTER_KEY', 'short', '32 bytes'],
    ['TOKEN_TTL', '59', '60 to 1209600'],
    ['TOKEN_TTL', '1209601', '60 to 1209600'],
    ['SIGNING_ALG', 'HS256', 'one of'],
    ['TRUST_PROXY', 'my-proxy', 'IP addresses'],
    ['ALLOWED_ORIGINS', 'https://app.example.com/', 'origins'],
    ['STATE_MAX_STALENESS', '-1', 'whole number'],
    ['RATE_LIMITS', 'no', 'one of'],
    ['RATE_LIMIT_TOKEN_PER_ADDRESS', '0', 'whole number'],
    ['AUDIT_RETENTION_DAYS', '-1', 'whole number'],
    ['LOG_LEVEL', 'loud', 'one of'],
    ['ADMIN_PASSWORD', 'short', '12 to 200'],
    ['ADMIN_USERNAME', 'a b', 'letters'],
    ['DOCS_NAME', '<b>', 'letters'],
    ['REDIS_URL', 'http://localhost', 'redis://'],
  ])('refuses %s=%s with a line that names it, its fault and an example', (name, value, fault) => {
    const message = faultOf({ [name]: value, ...(value.startsWith('mysql') ? { MASTER_KEY: randomBytes(32).toString('base64') } : {}) });
    expect(message).toContain(name);
    expect(message).toContain(fault);
    expect(message).toContain('Example:');
    expect(message.split('\n')).toHaveLength(1);
  });

  it('never prints a value, which may be a secret', () => {
    expect(faultOf({ ADMIN_PASSWORD: 'hunter2', MASTER_KEY: 'c2VjcmV0', DATABASE_URL: 'mysql://root:topsecret@' })).not.toMatch(
      /hunter2|c2VjcmV0|topsecret/,
    );
  });

  it('lists every fault at once', () => {
    expect(faultOf({ PORT: 'x', TOKEN_TTL: 'y', LOG_LEVEL: 'z' }).split('\n')).toHaveLength(3);
  });

  it('takes the site of the pages from DOCS_SITE_URL, else it is where Gatehouse is', () => {
    expect(loadConfig({}).docs.siteUrl).toBeUndefined();
    expect(loadConfig({ DOCS_SITE_URL: 'https://docs.example.com/handbook/' }).docs.siteUrl).toBe('https://docs.example.com/handbook');
    expect(faultOf({ DOCS_SITE_URL: 'https://docs.example.com/?q=1' })).toContain('DOCS_SITE_URL');
    expect(faultOf({ DOCS_SITE_URL: 'docs.example.com' })).toContain('DOCS_SITE_URL');
  });

  it('refuses a plain http PUBLIC_URL off the loopback (R-TOK-09)', () => {
    expect(faultOf({ PUBLIC_URL: 'http://docs.example.com' })).toContain('https:');
    expect(loadConfig({ PUBLIC_URL: 'http://127.0.0.1:8080/' }).publicUrl).toBe('http://127.0.0.1:8080');
  });

  it('requires a master key with MySQL', () => {
    expect(faultOf({ DATABASE_URL: 'mysql://root@127.0.0.1/gatehouse' })).toContain('MASTER_KEY');
    const key = randomBytes(32);
    const config = loadConfig({ DATABASE_URL: 'mysql://root@127.0.0.1/gatehouse', MASTER_KEY: key.toString('base64') });
    expect(config.masterKey).toEqual(key);
  });

  it('is described whole, variable by variable, in .env.example and in the documentation', () => {
    const sources = ['load-config.ts', 'observability-settings.ts', 'sign-in-settings.ts'].map((file) =>
      readFileSync(new URL(file, import.meta.url), 'utf8'),
    );
    const names = new Set(
      [...sources.join('\n').matchAll(/(?:env\.\w+|limit|required)\((?:env, )?\s*'([A-Z_]+)'/g)].map(([, name]) => name),
    );
    expect(names.size).toBeGreaterThan(35);
    for (const file of ['.env.example', 'docs/configuration.md']) {
      const text = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
      expect([file, [...names].filter((name) => name !== undefined && !new RegExp(`\\b${name}\\b`).test(text))]).toEqual([file, []]);
    }
  });

  it('lets private networks be reached on a laptop only, unless they are named', () => {
    expect(loadConfig({}).egressAllow).toEqual(['127.0.0.0/8', '::1/128']);
    expect(loadConfig({ PUBLIC_URL: 'https://docs.example.com' }).egressAllow).toEqual([]);
    expect(loadConfig({ EGRESS_ALLOW: '10.0.0.0/8, fd00::/8' }).egressAllow).toEqual(['10.0.0.0/8', 'fd00::/8']);
    expect(faultOf({ EGRESS_ALLOW: 'internal' })).toContain('EGRESS_ALLOW must list IP addresses or networks');
  });

  it('believes a certificate header from named proxies only (R-TLS-03)', () => {
    expect(loadConfig({}).clientCertificates).toBeUndefined();
    expect(faultOf({ CLIENT_CERT_HEADER: 'client-cert' })).toContain('TRUST_PROXY');
    expect(faultOf({ CLIENT_CERT_CA: '/nowhere.pem' })).toContain('CLIENT_CERT_CA has no meaning without CLIENT_CERT_HEADER');
    const proxied = { CLIENT_CERT_HEADER: 'Client-Cert', TRUST_PROXY: '10.0.0.1' };
    expect(loadConfig(proxied).clientCertificates).toEqual({ header: 'client-cert', authorities: undefined });
    expect(faultOf({ ...proxied, CLIENT_CERT_CA: '/nowhere.pem' })).toContain('CLIENT_CERT_CA must be a readable file');
    expect(faultOf({ ...proxied, CLIENT_CERT_HEADER: 'a b' })).toContain('CLIENT_CERT_HEADER must be the name of a header');
  });

  it('takes the settings of an identity provider together or not at all', () => {
    expect(loadConfig({}).oidc).toBeUndefined();
    expect(faultOf({ OIDC_CLIENT_ID: 'gatehouse' })).toContain('OIDC_CLIENT_ID has no meaning without OIDC_ISSUER');
    const faults = faultOf({ OIDC_ISSUER: 'https://login.example.com' });
    for (const name of ['OIDC_CLIENT_ID', 'OIDC_CLIENT_SECRET', 'OIDC_ROLES']) expect(faults).toContain(name);
    const whole = {
      OIDC_ISSUER: 'https://login.example.com/',
      OIDC_CLIENT_ID: 'g',
      OIDC_CLIENT_SECRET: 's',
      OIDC_ROLES: 'cn=a=owner, b = viewer',
    };
    expect(loadConfig(whole).oidc).toMatchObject({
      issuer: 'https://login.example.com/',
      roleClaim: 'groups',
      scope: 'openid profile email',
      roles: [
        { value: 'cn=a', role: 'owner' },
        { value: 'b', role: 'viewer' },
      ],
    });
    expect(faultOf({ ...whole, OIDC_ROLES: 'a=king' })).toContain('OIDC_ROLES must list value=role');
    expect(faultOf({ ...whole, OIDC_SCOPE: 'profile' })).toContain('OIDC_SCOPE must be scopes, one of them openid');
    expect(faultOf({ ...whole, OIDC_ISSUER: 'https://login.example.com?x=1' })).toContain('OIDC_ISSUER must have no query');
    expect(faultOf({ ...whole, OIDC_ROLE_CLAIM: 'a b' })).toContain('OIDC_ROLE_CLAIM must be the name of a claim');
    expect(faultOf({ ...whole, OIDC_LABEL: 'x'.repeat(61) })).toContain('OIDC_LABEL');
    expect(faultOf({ ...whole, OIDC_CLIENT_SECRET: '' })).not.toContain('login.example.com/');
  });

  it('lets sessions live for hours or days', () => {
    expect(loadConfig({}).sessions).toEqual({ idleMs: 28_800_000, ttlMs: 604_800_000 });
    expect(faultOf({ SESSION_IDLE_TTL: '5', SESSION_TTL: '99999999' })).toMatch(/SESSION_IDLE_TTL.*\n.*SESSION_TTL/);
  });

  it('serves the optional grants that are named', () => {
    expect(loadConfig({ OPTIONAL_GRANTS: 'none' }).tokens.grants).toEqual([]);
    expect(loadConfig({ OPTIONAL_GRANTS: 'token-exchange' }).tokens.grants).toEqual(['token-exchange']);
    expect(faultOf({ OPTIONAL_GRANTS: 'password' })).toContain('OPTIONAL_GRANTS must list jwt-bearer and token-exchange');
  });

  it('keeps the audit trail for always, unless days are set', () => {
    expect(['', '0', '365'].map((days) => loadConfig({ AUDIT_RETENTION_DAYS: days }).auditRetentionDays)).toEqual([
      undefined,
      undefined,
      365,
    ]);
  });

  it('treats a blank variable as absent', () => {
    expect(loadConfig({ PORT: '', DATABASE_URL: ' ' }).port).toBe(3000);
  });
});

describe('isAddressOrNetwork', () => {
  it.each(['10.0.0.1', '10.0.0.0/8', '::1', 'fd00::/8', '0.0.0.0/0'])('accepts %s', (text) => expect(isAddressOrNetwork(text)).toBe(true));
  it.each(['', 'localhost', '10.0.0.1/33', '10.0.0.1/', '::1/129', '10.0.0.0/8/8', '010.0.0.1'])('refuses %p', (text) =>
    expect(isAddressOrNetwork(text)).toBe(false),
  );

  it('has no metrics and no traces until they are asked for', () => {
    expect(loadConfig({})).toMatchObject({ metricsToken: undefined, tracing: undefined });
    expect(loadConfig({ METRICS_TOKEN: 'a'.repeat(32) }).metricsToken).toBe('a'.repeat(32));
    for (const weak of ['short', 'a'.repeat(31), `${'a'.repeat(32)} b`]) {
      expect(faultOf({ METRICS_TOKEN: weak })).toMatch(/^METRICS_TOKEN must have 32 to 200 letters/);
      expect(faultOf({ METRICS_TOKEN: weak })).not.toContain(weak);
    }
  });

  it('reads where traces go by the variables of OpenTelemetry', () => {
    const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' };
    expect(loadConfig(endpoint).tracing).toEqual({
      url: 'http://127.0.0.1:4318/v1/traces',
      headers: {},
      serviceName: 'gatehouse',
      sampler: 'parentbased_always_on',
      ratio: 1,
    });
    const whole = {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'https://otel.example.com/base',
      OTEL_EXPORTER_OTLP_HEADERS: 'X-Api-Key=a%20b, other=c=d',
      OTEL_SERVICE_NAME: 'door',
      OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '0.25',
    };
    expect(loadConfig(whole).tracing).toEqual({
      url: 'https://otel.example.com/base/v1/traces',
      headers: { 'x-api-key': 'a b', other: 'c=d' },
      serviceName: 'door',
      sampler: 'parentbased_traceidratio',
      ratio: 0.25,
    });
    expect(faultOf({ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' })).toContain('OTEL_EXPORTER_OTLP_ENDPOINT must be a URL');
    expect(faultOf({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://me:pass@c' })).toContain('OTEL_EXPORTER_OTLP_ENDPOINT must have no user');
    for (const headers of ['no-value', 'bad name=x', 'a=%0d%0a', 'a=%zz'])
      expect(faultOf({ ...endpoint, OTEL_EXPORTER_OTLP_HEADERS: headers })).toContain('OTEL_EXPORTER_OTLP_HEADERS must list headers');
    for (const ratio of ['2', '-1', 'half'])
      expect(faultOf({ ...endpoint, OTEL_TRACES_SAMPLER_ARG: ratio })).toContain('OTEL_TRACES_SAMPLER_ARG');
    expect(faultOf({ ...endpoint, OTEL_TRACES_SAMPLER: 'some' })).toContain('OTEL_TRACES_SAMPLER must be one of');
  });
});
