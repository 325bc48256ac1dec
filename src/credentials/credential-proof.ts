import { ProblemError } from '../protocol/problem.js';
import { normalizeDn } from '../tokens/possession/distinguished-name.js';
import { parseJwks } from '../tokens/verification-key.js';
import type { AuthenticationDto } from './authentication.dto.js';
import {
  type AuthMethod,
  type CredentialSettings,
  GRANT_TYPES,
  type GrantType,
  JWT_BEARER,
  type TlsSubject,
  type Trust,
} from './credential-settings.js';

/** What decides whether a proof can be offered here. */
export interface ProofSurroundings {
  /** @throws for a URL that outbound requests must not go to. */
  readonly checkUrl: (url: string) => unknown;
  readonly hasServer: (slug: string) => boolean;
  readonly servesGrant: (type: GrantType) => boolean;
  readonly acceptsCertificates: boolean;
  readonly hasCertificateAuthorities: boolean;
}

/** As an admin says them: `null` for what is taken away. */
type Changed = { readonly [Field in keyof CredentialSettings]?: unknown };

type Proof = 'jwks' | 'jwksUri' | 'trust' | 'tlsSubject';

/** What each method is proved with: one of these, and nothing else. */
const PROOFS: Readonly<Record<AuthMethod, readonly Proof[]>> = {
  client_secret: [],
  private_key_jwt: ['jwks', 'jwksUri'],
  workload_identity: ['trust'],
  tls_client_auth: ['tlsSubject'],
  self_signed_tls_client_auth: ['jwks'],
};
/** Platforms that sign for everybody: a rule without an owner would let in every one of them. */
const SHARED_ISSUERS: readonly string[] = ['https://token.actions.githubusercontent.com', 'https://gitlab.com'];
const OWNER_CLAIMS: readonly string[] = [
  'repository',
  'repository_id',
  'repository_owner',
  'repository_owner_id',
  'enterprise_id',
  'project_id',
  'project_path',
  'namespace_id',
  'namespace_path',
];
const ALL_PROOFS: readonly Proof[] = ['jwks', 'jwksUri', 'trust', 'tlsSubject'];
/** A text column of MySQL holds 65,535 bytes, and the sealed answer to an Idempotency-Key has to fit into one with all the rest. */
const MAX_SETTINGS_BYTES = 20_000;

/**
 * The settings after a change: what is absent stays, `null` takes away. A new `jwks` replaces a `jwksUri`, and the other way round.
 * @throws {ProblemError} `validation_failed` for a proof that does not go with the method, or that could never be used.
 */
export function changeSettings(
  method: AuthMethod,
  before: CredentialSettings,
  input: Omit<AuthenticationDto, 'grantTypes'> & { readonly permissions?: CredentialSettings['permissions'] | null },
  around: ProofSurroundings,
): CredentialSettings {
  const replaced = input.jwks ? { jwksUri: null } : input.jwksUri ? { jwks: null } : {};
  const settings = withoutEmpty({ ...before, ...replaced, ...withoutAbsent(input) });
  checkProof(method, settings, around);
  checkSwitches(settings, around);
  if (Buffer.byteLength(JSON.stringify(settings)) > MAX_SETTINGS_BYTES) {
    throw new ProblemError('validation_failed', `Keys, rules, permissions and switches together exceed ${MAX_SETTINGS_BYTES} bytes.`);
  }
  return settings;
}

/** @throws {ProblemError} `validation_failed` where a grant cannot be used with the method. */
export function checkGrantTypes(
  method: AuthMethod,
  grantTypes: readonly GrantType[] | null,
  around: Pick<ProofSurroundings, 'servesGrant'>,
): GrantType[] | null {
  if (!grantTypes) return null;
  const off = grantTypes.find((type) => !around.servesGrant(type));
  if (off) throw invalid('grantTypes', `${off} is off: see OPTIONAL_GRANTS.`);
  const isWorkload = method === 'workload_identity';
  if (grantTypes.includes(JWT_BEARER) !== isWorkload) {
    throw invalid('grantTypes', `${JWT_BEARER} is the grant of workload_identity, and its only one.`);
  }
  if (isWorkload && grantTypes.length > 1) throw invalid('grantTypes', 'A workload has no other way to prove itself.');
  return GRANT_TYPES.filter((type) => grantTypes.includes(type));
}

function checkProof(method: AuthMethod, settings: CredentialSettings, around: ProofSurroundings): void {
  const allowed = PROOFS[method];
  const given = ALL_PROOFS.filter((field) => settings[field] !== undefined);
  const strange = given.find((field) => !allowed.includes(field));
  if (strange) throw invalid(strange, `${strange} does not go with ${method}.`);
  const [first] = allowed;
  if (first && given.length === 0) throw invalid(first, `${method} needs ${allowed.join(' or ')}.`);
  if (first && given.length > 1) throw invalid(first, `${method} needs ${allowed.join(' or ')}, not both.`);
  checkOffered(method, around);
  const { jwks, jwksUri, trust, tlsSubject } = settings;
  if (jwks) explain('jwks', () => parseJwks(jwks));
  if (jwksUri !== undefined) explain('jwksUri', () => around.checkUrl(jwksUri));
  if (trust) checkTrust(trust, around);
  if (tlsSubject) checkTlsSubject(tlsSubject);
}

function checkOffered(method: AuthMethod, around: ProofSurroundings): void {
  if (method === 'workload_identity' && !around.servesGrant(JWT_BEARER)) {
    throw invalid('authMethod', 'workload_identity is off: add jwt-bearer to OPTIONAL_GRANTS.');
  }
  if (method === 'tls_client_auth' && !around.hasCertificateAuthorities) {
    throw invalid('authMethod', 'tls_client_auth is off: set CLIENT_CERT_HEADER and CLIENT_CERT_CA.');
  }
  if (method === 'self_signed_tls_client_auth' && !around.acceptsCertificates) {
    throw invalid('authMethod', 'self_signed_tls_client_auth is off: set CLIENT_CERT_HEADER.');
  }
}

function checkTrust({ issuer, jwksUri, subject, claims = {} }: Trust, around: ProofSurroundings): void {
  if (jwksUri === undefined) explain('trust.issuer', () => around.checkUrl(issuer));
  else explain('trust.jwksUri', () => around.checkUrl(jwksUri));
  const conditions = Object.keys(claims);
  if (/^\*+$/.test(subject) && conditions.length === 0) {
    throw invalid('trust.subject', 'A subject of nothing but * needs conditions on further claims.');
  }
  const namesOwner = hasOwner(subject) || conditions.some((name) => OWNER_CLAIMS.includes(name));
  if (SHARED_ISSUERS.includes(issuer) && !namesOwner) {
    throw invalid(
      'trust.subject',
      `This issuer signs for all its customers: name yours before the first *, or with ${OWNER_CLAIMS.join(', ')}.`,
    );
  }
}

/** Whether a pattern says whose workloads it is about: it names one exactly, or an owner (`repo:acme/`) before its first asterisk. */
function hasOwner(subject: string): boolean {
  const [literal = ''] = subject.split('*', 1);
  return literal === subject || literal.includes('/');
}

function checkTlsSubject(subject: TlsSubject): void {
  const named = Object.values(subject).filter((value) => value !== undefined).length;
  if (named !== 1) throw invalid('tlsSubject', 'Name exactly one field of the certificate (RFC 8705 §2.1.2).');
  if (subject.dn !== undefined && normalizeDn(subject.dn) === undefined) throw invalid('tlsSubject', 'The dn is no RFC 4514 name.');
}

function checkSwitches({ certificateBound, introspects }: CredentialSettings, around: ProofSurroundings): void {
  if (certificateBound && !around.acceptsCertificates) {
    throw invalid('certificateBound', 'Client certificates are off: set CLIENT_CERT_HEADER.');
  }
  const strange = (introspects ?? []).filter((slug) => !around.hasServer(slug));
  if (strange.length > 0) throw invalid('introspects', `There is no server ${strange.join(', ')}.`);
}

function explain(field: string, check: () => unknown): void {
  try {
    check();
  } catch (error) {
    throw invalid(field, (error as Error).message);
  }
}

const withoutAbsent = (fields: object): object => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

/** Plain data: what was validated as a class, and nothing that says nothing, within a rule either. */
function withoutEmpty({ trust, tlsSubject, permissions, ...fields }: Changed): CredentialSettings {
  const whole = {
    ...fields,
    permissions: permissions && nonEmpty(permissions),
    trust: trust && withoutNull(trust),
    tlsSubject: tlsSubject && withoutNull(tlsSubject),
  };
  return JSON.parse(JSON.stringify(withoutNull(whole))) as CredentialSettings;
}

const nonEmpty = (fields: object): object | undefined => (Object.keys(fields).length > 0 ? fields : undefined);

const withoutNull = (fields: object): object =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined));

const invalid = (field: string, message: string): ProblemError =>
  new ProblemError('validation_failed', message, { errors: [{ field, message }] });
