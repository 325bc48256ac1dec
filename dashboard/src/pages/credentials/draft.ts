import type { Permission } from '../../access/permissions.js';
import type { AuthMethod, Credential } from '../../api/credentials.js';
import type { Schemas } from '../../api/client.js';
import type { FieldFault } from '../../api/problem.js';
import { fromLocalField, toLocalField } from '../../parts/times.js';

/** A credential as it stands in a form. Everything is text or a list, so that it can wait in the tab's storage; none of it is secret. */
export interface CredentialDraft {
  readonly label: string;
  readonly authMethod: AuthMethod;
  readonly servers: string[];
  /** Whether it holds its servers' default scopes, or the chosen ones. */
  readonly hasDefaultScopes: boolean;
  readonly scopes: string[];
  /** By slug: less than its scopes give. Empty lists wait for a first tick. */
  readonly permissions: Record<string, Permission[]>;
  readonly tokenTtl: number | null;
  readonly expiresAt: string;
  readonly allowedIps: string[];
  readonly tokensPerHour: number | null;
  readonly docsGroups: string[];
  readonly observe: boolean;
  /** Empty while it is not on, or where its end is left to the server. */
  readonly observeUntil: string;
  /** Empty for those that go with its method. */
  readonly grantTypes: Credential['grantTypes'];
  readonly issueRefreshToken: boolean;
  readonly strictScope: boolean;
  readonly dpopRequired: boolean;
  readonly certificateBound: boolean;
  readonly introspects: string[];
  readonly acceptTokenEndpointAudience: boolean;
  readonly allowAssertionReuse: boolean;
  readonly singleUseAssertion: boolean;
  readonly keySource: 'jwks' | 'jwksUri';
  readonly jwks: string;
  readonly jwksUri: string;
  readonly issuer: string;
  readonly subject: string;
  readonly audience: string;
  readonly claims: string;
  readonly tlsField: keyof Schemas['TlsSubjectDto'];
  readonly tlsValue: string;
}

export const EMPTY_DRAFT: CredentialDraft = {
  label: '',
  authMethod: 'client_secret',
  servers: [],
  hasDefaultScopes: true,
  scopes: [],
  permissions: {},
  tokenTtl: null,
  expiresAt: '',
  allowedIps: [],
  tokensPerHour: null,
  docsGroups: [],
  observe: false,
  observeUntil: '',
  grantTypes: [],
  issueRefreshToken: true,
  strictScope: false,
  dpopRequired: false,
  certificateBound: false,
  introspects: [],
  acceptTokenEndpointAudience: false,
  allowAssertionReuse: false,
  singleUseAssertion: false,
  keySource: 'jwks',
  jwks: '',
  jwksUri: '',
  issuer: '',
  subject: '',
  audience: '',
  claims: '',
  tlsField: 'dn',
  tlsValue: '',
};

/** The grants that can be chosen; a workload has its own, and no other. */
export const GRANTS = { own: 'client_credentials', exchange: 'urn:ietf:params:oauth:grant-type:token-exchange' } as const;

/** The grants that it will have. */
export const grantsOf = ({ grantTypes }: CredentialDraft): Credential['grantTypes'] => (grantTypes.length > 0 ? grantTypes : [GRANTS.own]);

const isAsItComes = (grantTypes: Credential['grantTypes']): boolean => grantTypes.length === 1 && grantTypes[0] !== GRANTS.exchange;

const pretty = (value: unknown): string => (value ? JSON.stringify(value, null, 2) : '');

/** The draft that changes nothing. */
export function draftOf(credential: Credential): CredentialDraft {
  const { label, authMethod, servers, scopes, permissions, tokenTtl, expiresAt, allowedIps, tokensPerHour } = credential;
  return {
    label,
    authMethod,
    servers,
    hasDefaultScopes: scopes === null,
    scopes: scopes ?? [],
    permissions: permissions ?? {},
    tokenTtl,
    expiresAt: toLocalField(expiresAt),
    allowedIps: allowedIps ?? [],
    tokensPerHour,
    ...advancedDraftOf(credential),
    ...proofDraftOf(credential),
  };
}

/** Switches that the form and the API call the same. */
const SWITCHES = [
  'issueRefreshToken',
  'strictScope',
  'dpopRequired',
  'certificateBound',
  'acceptTokenEndpointAudience',
  'allowAssertionReuse',
  'singleUseAssertion',
] as const satisfies readonly (keyof CredentialDraft & keyof Credential)[];

type Switches = Pick<CredentialDraft, (typeof SWITCHES)[number]>;
const switchesOf = (source: Switches): Switches => Object.fromEntries(SWITCHES.map((name) => [name, source[name]])) as unknown as Switches;

type AdvancedDraft = Switches & Pick<CredentialDraft, 'docsGroups' | 'observe' | 'observeUntil' | 'grantTypes' | 'introspects'>;

function advancedDraftOf(credential: Credential): AdvancedDraft {
  const { docsGroups, observe, observeUntil, grantTypes, introspects } = credential;
  return {
    docsGroups,
    observe,
    observeUntil: toLocalField(observeUntil),
    grantTypes: isAsItComes(grantTypes) ? [] : grantTypes,
    introspects,
    ...switchesOf(credential),
  };
}

type ProofDraft = Pick<CredentialDraft, 'keySource' | 'jwks' | 'jwksUri' | 'tlsField' | 'tlsValue' | keyof TrustDraft>;
type TrustDraft = Pick<CredentialDraft, 'issuer' | 'subject' | 'audience' | 'claims'>;

function proofDraftOf({ trust, jwks, jwksUri, tlsSubject }: Credential): ProofDraft {
  const [[tlsField, tlsValue] = ['dn', ''] as const] = Object.entries(tlsSubject ?? {}) as [CredentialDraft['tlsField'], string][];
  return {
    keySource: jwksUri === null ? 'jwks' : 'jwksUri',
    jwks: pretty(jwks),
    jwksUri: jwksUri ?? '',
    tlsField,
    tlsValue,
    ...(trust ? trustDraftOf(trust) : NO_TRUST),
  };
}

const NO_TRUST: TrustDraft = { issuer: '', subject: '', audience: '', claims: '' };
const trustDraftOf = ({ issuer, subject, audience, claims }: Schemas['TrustDto']): TrustDraft => ({
  issuer,
  subject,
  audience: audience ?? '',
  claims: pretty(claims),
});

type Proof = Pick<Schemas['CreateCredentialDto'], 'jwks' | 'jwksUri' | 'trust' | 'tlsSubject'>;

/** What it proves itself with: only what its method has. */
function proofOf(draft: CredentialDraft): Proof {
  switch (draft.authMethod) {
    case 'client_secret':
      return {};
    case 'private_key_jwt':
      return draft.keySource === 'jwksUri'
        ? { jwksUri: draft.jwksUri.trim(), jwks: null }
        : { jwks: parseObject(draft.jwks), jwksUri: null };
    case 'self_signed_tls_client_auth':
      return { jwks: parseObject(draft.jwks) };
    case 'tls_client_auth':
      return { tlsSubject: { [draft.tlsField]: draft.tlsValue.trim() } };
    case 'workload_identity':
      return { trust: trustOf(draft) };
  }
}

function trustOf({ issuer, subject, audience, claims }: CredentialDraft): Schemas['TrustDto'] {
  return {
    issuer: issuer.trim(),
    subject: subject.trim(),
    ...(audience.trim() ? { audience: audience.trim() } : {}),
    ...(claims.trim() ? { claims: parseObject(claims) as Record<string, string | string[]> } : {}),
  };
}

const parseObject = (text: string): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>;

const orNull = <T>(values: T[]): T[] | null => (values.length > 0 ? values : null);

/** Of servers that were taken out again, nothing is sent. */
function permissionsOf({ servers, permissions }: CredentialDraft): Record<string, Permission[]> | null {
  const own = Object.entries(permissions).filter(([slug]) => servers.includes(slug));
  return own.length > 0 ? Object.fromEntries(own) : null;
}

/** What a change takes: everything that the form holds. */
export function changeOf(draft: CredentialDraft): Schemas['UpdateCredentialDto'] {
  return {
    label: draft.label.trim(),
    servers: draft.servers,
    scopes: draft.hasDefaultScopes ? null : draft.scopes,
    permissions: permissionsOf(draft),
    tokenTtl: draft.tokenTtl,
    expiresAt: fromLocalField(draft.expiresAt) ?? null,
    allowedIps: orNull(draft.allowedIps),
    tokensPerHour: draft.tokensPerHour,
    docsGroups: orNull(draft.docsGroups),
    observe: draft.observe,
    ...(draft.observe ? { observeUntil: fromLocalField(draft.observeUntil) ?? null } : {}),
    grantTypes: draft.authMethod === 'workload_identity' ? null : orNull(draft.grantTypes),
    introspects: orNull(draft.introspects),
    ...switchesOf(draft),
    ...proofOf(draft),
  };
}

/** What was changed since the form was opened: the rest is not touched, and the audit trail names only this. */
export function differenceOf(mine: CredentialDraft, base: CredentialDraft): Schemas['UpdateCredentialDto'] {
  const before = new Map(Object.entries(changeOf(base)).map(([name, value]) => [name, JSON.stringify(value)]));
  const changed = Object.entries(changeOf(mine)).filter(([name, value]) => before.get(name) !== JSON.stringify(value));
  const isEndChanged = changed.some(([name]) => name === 'observeUntil');
  // An end that is taken back means another end, and not the end of observing.
  return { ...Object.fromEntries(changed), ...(isEndChanged ? { observe: true } : {}) };
}

/** What creation takes; what was not touched is left to the server. */
export function creationOf(draft: CredentialDraft): Schemas['CreateCredentialDto'] {
  const whole = { ...changeOf(draft), label: draft.label.trim(), authMethod: draft.authMethod };
  const isGiven = (name: string, value: unknown): boolean => value !== null && value !== '' && value !== (name === 'issueRefreshToken');
  const given = Object.entries(whole).filter(([name, value]) => isGiven(name, value));
  return Object.fromEntries(given) as unknown as Schemas['CreateCredentialDto'];
}

export type DraftFaults = Partial<Record<keyof CredentialDraft, string>>;

/** What can be said before the server is asked; it has the last word. */
export function faultsOf(draft: CredentialDraft): DraftFaults {
  return {
    ...(draft.label.trim() === '' ? { label: 'Give it a name that you will know it by.' } : {}),
    ...(draft.servers.length === 0 ? { servers: 'Choose at least one server.' } : {}),
    ...(!draft.hasDefaultScopes && draft.scopes.length === 0 ? { scopes: 'Choose at least one scope, or the defaults.' } : {}),
    ...(hasEmptyChoice(draft) ? { permissions: 'Choose at least one tool of each server, or take the server out.' } : {}),
    ...proofFaults(draft),
  };
}

const hasEmptyChoice = (draft: CredentialDraft): boolean => Object.values(permissionsOf(draft) ?? {}).some((own) => own.length === 0);

const MISSING_KEY = 'Paste a JWK Set: { "keys": [ … ] }.';

function proofFaults(draft: CredentialDraft): DraftFaults {
  switch (draft.authMethod) {
    case 'client_secret':
      return {};
    case 'private_key_jwt':
      return draft.keySource === 'jwks' ? keyFaults(draft) : uriFaults(draft);
    case 'self_signed_tls_client_auth':
      return keyFaults(draft);
    case 'tls_client_auth':
      return draft.tlsValue.trim() ? {} : { tlsValue: 'Say what the certificate must name.' };
    case 'workload_identity':
      return trustFaults(draft);
  }
}

const keyFaults = ({ jwks }: CredentialDraft): DraftFaults => (isObject(jwks) ? {} : { jwks: MISSING_KEY });
const uriFaults = ({ jwksUri }: CredentialDraft): DraftFaults =>
  /^https?:\/\/./.test(jwksUri.trim()) ? {} : { jwksUri: 'An https URL is needed.' };
const trustFaults = ({ issuer, subject, claims }: CredentialDraft): DraftFaults => ({
  ...(issuer.trim() ? {} : { issuer: 'Whose tokens are believed?' }),
  ...(subject.trim() ? {} : { subject: 'Which of them count?' }),
  ...(claims.trim() === '' || isObject(claims) ? {} : { claims: 'This is not a JSON object.' }),
});

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

const FIELDS: Readonly<Record<string, keyof CredentialDraft>> = {
  'trust.issuer': 'issuer',
  'trust.subject': 'subject',
  'trust.audience': 'audience',
  'trust.claims': 'claims',
  'trust.jwksUri': 'issuer',
  trust: 'subject',
  tlsSubject: 'tlsValue',
};

/** The server's faults, each at its field. */
export function toDraftFaults(faults: readonly FieldFault[]): DraftFaults {
  return Object.fromEntries(
    faults.map(({ field, message }) => {
      const name = FIELDS[field] ?? field.split('.', 1)[0] ?? field;
      return [name in EMPTY_DRAFT ? name : 'label', `${message.slice(0, 1).toUpperCase()}${message.slice(1)}.`.replace(/\.\.$/, '.')];
    }),
  );
}
