import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config, type OptionalGrant } from '../config/config.js';
import { Egress } from '../egress/egress.service.js';
import { ProblemError } from '../protocol/problem.js';
import { ServerDirectory } from '../servers/server-directory.service.js';
import type { CreateCredentialDto, UpdateCredentialDto } from './credential.dto.js';
import type { Credential } from './credential.entity.js';
import { changeSettings, checkGrantTypes, type ProofSurroundings } from './credential-proof.js';
import { type GrantType, JWT_BEARER, TOKEN_EXCHANGE } from './credential-settings.js';
import { checkExpiry, checkGrant, checkPermissions } from './credential-rules.js';
import { changeObservation } from './observation.js';

/** What an admin can say of a credential, as it is stored. */
export type CredentialFields = Pick<
  Credential,
  'label' | 'servers' | 'scopes' | 'tokenTtl' | 'allowedIps' | 'docsGroups' | 'expiresAt' | 'grantTypes' | 'settings' | 'trustIssuer'
>;

type Present = CredentialFields & Pick<Credential, 'authMethod'>;

/** Checks what an admin says of a credential against the servers, the settings of the installation and the other fields. */
@Injectable()
export class CredentialRules {
  constructor(
    private readonly servers: ServerDirectory,
    private readonly egress: Egress,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** The fields of a new credential. @throws {ProblemError} `validation_failed`. */
  create({ authMethod = 'client_secret', ...input }: CreateCredentialDto, now: number): CredentialFields {
    const empty = { authMethod, label: input.label, servers: [], scopes: null, tokenTtl: null, allowedIps: null, docsGroups: null };
    const present = { ...empty, expiresAt: null, grantTypes: null, settings: null, trustIssuer: null };
    return this.change(present, { ...input, servers: input.servers ?? this.defaultServers() }, now);
  }

  /** The fields after a change: what is absent stays, `null` takes a limit away. @throws {ProblemError} `validation_failed`. */
  change(present: Present, input: UpdateCredentialDto, now: number): CredentialFields {
    const changed = this.merge(present, input, now);
    // What a server has lost since must not stand in the way of another change.
    if (namesGrant(input)) checkGrant(this.servers, changed.servers, changed.scopes);
    if (input.servers !== undefined || input.permissions) checkPermissions(changed.servers, changed.settings?.permissions);
    return changed;
  }

  private merge(present: Present, input: UpdateCredentialDto, now: number): CredentialFields {
    const { label = present.label, servers = present.servers, grantTypes = present.grantTypes, expiresAt, ...rest } = input;
    const { scopes = present.scopes, tokenTtl = present.tokenTtl, allowedIps = present.allowedIps, observe, ...more } = rest;
    const { observeUntil, docsGroups, ...proof } = more;
    const changed = { ...proof, observeUntil: changeObservation({ observe, observeUntil }, now) };
    const settings = changeSettings(present.authMethod, present.settings ?? {}, changed, this.surroundings);
    return {
      label,
      servers,
      scopes,
      tokenTtl,
      allowedIps,
      docsGroups: changeGroups(present.docsGroups, docsGroups),
      expiresAt: changeExpiry(present.expiresAt, expiresAt, now),
      grantTypes: checkGrantTypes(present.authMethod, grantTypes, this.surroundings),
      settings,
      trustIssuer: settings.trust?.issuer ?? null,
    };
  }

  private get surroundings(): ProofSurroundings {
    const { clientCertificates, tokens } = this.config;
    const optional: Partial<Record<GrantType, OptionalGrant>> = { [JWT_BEARER]: 'jwt-bearer', [TOKEN_EXCHANGE]: 'token-exchange' };
    return {
      servesGrant: (type) => optional[type] === undefined || tokens.grants.includes(optional[type]),
      checkUrl: (url) => this.egress.check(url),
      hasServer: (slug) => this.servers.find(slug) !== undefined,
      acceptsCertificates: clientCertificates !== undefined,
      hasCertificateAuthorities: clientCertificates?.authorities !== undefined,
    };
  }

  private defaultServers(): string[] {
    const server = this.servers.find();
    if (!server) throw new ProblemError('validation_failed', 'There is no default server: name the servers.');
    return [server.slug];
  }
}

/** No groups are the same as none. */
function changeGroups(present: string[] | null, docsGroups: string[] | null | undefined): string[] | null {
  if (docsGroups === undefined) return present;
  return docsGroups?.length ? docsGroups : null;
}

const changeExpiry = (present: number | null, expiresAt: string | null | undefined, now: number): number | null =>
  expiresAt === undefined ? present : checkExpiry(expiresAt, now);

const namesGrant = ({ servers, scopes }: UpdateCredentialDto): boolean => servers !== undefined || scopes !== undefined;
