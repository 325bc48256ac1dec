import { Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, In, IsNull, MoreThan, Not, Or, Repository } from 'typeorm';
import { requireMatch } from '../admin/preconditions.js';
import { AuditService, type EventKind } from '../audit/audit.service.js';
import { CLOCK, type Clock } from '../common/clock.js';
import { newId } from '../common/ids.js';
import { generateSecret, hasSecretFormat, hintOf } from '../common/secret-format.js';
import { Digester } from '../database/digester.js';
import { type Transaction, UnitOfWork } from '../database/unit-of-work.service.js';
import { ProblemError } from '../protocol/problem.js';
import { RefreshToken } from '../tokens/refresh-token.entity.js';
import { ClientSecret } from './client-secret.entity.js';
import type { CreateCredentialDto, UpdateCredentialDto } from './credential.dto.js';
import { Credential } from './credential.entity.js';
import { CREDENTIAL_TOPIC } from './credential-directory.service.js';
import { CredentialRules } from './credential-rules.service.js';
import { isLiveSecret } from './credential-state.js';
import { lockCredential } from './lock-credential.js';
import { requireServers } from './require-servers.js';
import { nextNotBefore } from './token-revocation.service.js';

const SECRET_PREFIX = 'mcs_';
const CLIENT_ID_PREFIX = 'mcc_';
const DEFAULT_OVERLAP_SECONDS = 86_400;
const MAX_LIVE_SECRETS = 2;

type StoredSecret = Omit<ClientSecret, 'credential'>;

export interface CredentialWithSecrets {
  readonly credential: Credential;
  readonly secrets: readonly StoredSecret[];
}

export interface NewSecret extends CredentialWithSecrets {
  /** In the clear, this once; undefined for a method without secrets. */
  readonly clientSecret: string | undefined;
}

/** Which credential, on whose behalf, and in which version the caller saw it. */
export interface Target {
  readonly id: string;
  readonly actor: string;
  readonly ifMatch: string | undefined;
}

interface Locked {
  readonly credential: Credential;
  readonly secrets: readonly StoredSecret[];
  readonly transaction: Transaction;
}

/** Creates and changes credentials. Every change is one transaction with its event and its change-feed row. */
@Injectable()
export class CredentialsService {
  constructor(
    @InjectRepository(Credential) private readonly credentials: Repository<Credential>,
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditService,
    private readonly rules: CredentialRules,
    private readonly digester: Digester,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Creates a credential within a transaction of the caller. */
  async create(input: CreateCredentialDto, actor: string, transaction: Transaction): Promise<NewSecret> {
    const now = this.clock();
    const authMethod = input.authMethod ?? 'client_secret';
    const credential: Credential = {
      id: newId(),
      clientId: CLIENT_ID_PREFIX + newId().toLowerCase(),
      ...this.rules.create(input, now),
      authMethod,
      isEnabled: true,
      createdAt: now,
      createdBy: actor,
      updatedAt: now,
      lastUsedAt: null,
      tokensNotBefore: null,
      overFetchCount: 0,
      overFetchedAt: null,
      version: 1,
    };
    await transaction.manager.insert(Credential, credential);
    await requireServers(transaction.manager, credential.servers);
    const made = authMethod === 'client_secret' ? await this.addSecret(transaction.manager, credential.id) : undefined;
    const observed = credential.settings?.observeUntil;
    const detail = {
      servers: credential.servers,
      scopes: credential.scopes,
      authMethod,
      ...(credential.settings?.permissions ? { narrowedOn: Object.keys(credential.settings.permissions) } : {}),
      ...(observed ? { observeUntil: new Date(observed).toISOString() } : {}),
    };
    await this.announce(transaction, credential, { kind: 'credential.created', actor, detail });
    return { credential, secrets: made ? [made.secret] : [], clientSecret: made?.clientSecret };
  }

  async read(id: string): Promise<CredentialWithSecrets> {
    const credential = await this.credentials.findOneBy({ id });
    if (!credential) throw noSuchCredential();
    const [found] = await this.withSecrets([credential]);
    return found ?? { credential, secrets: [] };
  }

  /** Adds the live secrets to a page of credentials. */
  async withSecrets(credentials: readonly Credential[]): Promise<CredentialWithSecrets[]> {
    const ids = credentials.map(({ id }) => id);
    const expiresAt = Or(IsNull(), MoreThan(this.clock()));
    const secrets = await this.credentials.manager.find(ClientSecret, {
      where: { credentialId: In(ids), expiresAt },
      order: { id: 'ASC' },
    });
    return credentials.map((credential) => ({ credential, secrets: secrets.filter((secret) => secret.credentialId === credential.id) }));
  }

  async update(target: Target, input: UpdateCredentialDto): Promise<CredentialWithSecrets> {
    return this.change(target, async ({ credential, secrets, transaction }) => {
      const changed = { ...credential, ...this.rules.change(credential, input, this.clock()) };
      const saved = await this.save(transaction, changed, {
        kind: 'credential.changed',
        actor: target.actor,
        detail: { fields: Object.keys(input), ...observationOf(credential, changed) },
      });
      if (input.servers) await requireServers(transaction.manager, saved.servers);
      return { credential: saved, secrets };
    });
  }

  /** Disables or enables; doing it twice changes nothing and records nothing. */
  async setEnabled(target: Target, isEnabled: boolean): Promise<CredentialWithSecrets> {
    return this.change(target, async ({ credential, secrets, transaction }) => {
      if (credential.isEnabled === isEnabled) return { credential, secrets };
      const kind = isEnabled ? 'credential.enabled' : 'credential.disabled';
      if (!isEnabled) await transaction.manager.delete(RefreshToken, { credentialId: credential.id });
      const saved = await this.save(transaction, { ...credential, isEnabled }, { kind, actor: target.actor });
      return { credential: saved, secrets };
    });
  }

  /**
   * Makes a new secret. The old one goes on for `overlapSeconds`; with 0 every old secret ends now.
   * @throws {ProblemError} `too_many_secrets` when two are live already and an overlap is asked for.
   */
  async rotate(target: Target, overlapSeconds = DEFAULT_OVERLAP_SECONDS): Promise<NewSecret> {
    return this.change(target, async ({ credential, secrets, transaction }) => {
      const { manager } = transaction;
      if (credential.authMethod !== 'client_secret') {
        throw new ProblemError('conflict', `A credential with ${credential.authMethod} has no secret to rotate. Change its keys instead.`);
      }
      if (overlapSeconds > 0 && secrets.length >= MAX_LIVE_SECRETS) throw tooManySecrets();
      const kept = overlapSeconds > 0 ? secrets.map((secret) => this.endLater(secret, overlapSeconds)) : [];
      // What has ended leaves the table, so that a digest is kept no longer than it can be used.
      await manager.delete(ClientSecret, { credentialId: credential.id, id: Not(In(kept.map(({ id }) => id))) });
      for (const { id, expiresAt } of kept) await manager.update(ClientSecret, { id }, { expiresAt });
      const { secret, clientSecret } = await this.addSecret(manager, credential.id);
      const detail = { overlapSeconds, secretId: secret.id, hint: secret.hint };
      const saved = await this.save(transaction, credential, { kind: 'credential.rotated', actor: target.actor, detail });
      return { credential: saved, secrets: [...kept, secret], clientSecret };
    });
  }

  /** Ends one secret now, and the tokens that were made with it. */
  async endSecret(target: Target, secretId: string): Promise<CredentialWithSecrets> {
    return this.change(target, async ({ credential, secrets, transaction }) => {
      const ended = secrets.find((secret) => secret.id === secretId);
      if (!ended) throw new ProblemError('not_found', 'This credential has no live secret with this id.');
      await transaction.manager.delete(ClientSecret, { id: secretId });
      const detail = { secretId, hint: ended.hint };
      const saved = await this.save(transaction, credential, { kind: 'credential.secret_ended', actor: target.actor, detail });
      return { credential: saved, secrets: secrets.filter((secret) => secret.id !== secretId) };
    });
  }

  /**
   * Ends exactly the secret that was found in the open, whoever found it. Tells nobody whether it existed.
   * @returns whether it did.
   */
  async endLeakedSecret(secret: string, report: LeakReport): Promise<boolean> {
    if (!hasSecretFormat(SECRET_PREFIX, secret)) return false;
    const digest = this.digester.digest(secret);
    const found = await this.credentials.manager.findOneBy(ClientSecret, { digest });
    if (!found) return false;
    return this.unitOfWork.run(async (transaction) => {
      const credential = await lockCredential(transaction.manager, found.credentialId);
      const { affected } = await transaction.manager.delete(ClientSecret, { id: found.id });
      // Somebody else may have ended the secret, or the credential, in this moment.
      if (!credential || affected === 0) return false;
      const detail = { secretId: found.id, hint: found.hint, source: report.source };
      const event = { kind: 'credential.secret_leaked', actor: 'leak report', address: report.address, detail } as const;
      await this.save(transaction, credential, event);
      return true;
    });
  }

  /** Ends every access token and refresh token that it has now. What it proves itself with goes on. */
  async revokeTokens(target: Target): Promise<CredentialWithSecrets> {
    return this.change(target, async ({ credential, secrets, transaction }) => {
      await transaction.manager.delete(RefreshToken, { credentialId: credential.id });
      const tokensNotBefore = nextNotBefore(credential, this.clock());
      const event = { kind: 'credential.tokens_revoked', actor: target.actor } as const;
      return { credential: await this.save(transaction, { ...credential, tokensNotBefore }, event), secrets };
    });
  }

  /** For good: its id and client id are never used again. */
  async delete(target: Target): Promise<void> {
    await this.change(target, async ({ credential, transaction }) => {
      await transaction.manager.delete(ClientSecret, { credentialId: credential.id });
      await transaction.manager.delete(RefreshToken, { credentialId: credential.id });
      await transaction.manager.delete(Credential, { id: credential.id });
      await this.announce(transaction, credential, { kind: 'credential.deleted', actor: target.actor });
    });
  }

  private change<T>(target: Target, work: (locked: Locked) => Promise<T>): Promise<T> {
    return this.unitOfWork.run(async (transaction) => {
      const { manager } = transaction;
      const credential = await lockCredential(manager, target.id);
      if (!credential) throw noSuchCredential();
      requireMatch(target.ifMatch, credential.version);
      const all = await manager.find(ClientSecret, { where: { credentialId: credential.id }, order: { id: 'ASC' } });
      const now = this.clock();
      return work({ credential, secrets: all.filter((secret) => isLiveSecret(secret, now)), transaction });
    });
  }

  private async save(transaction: Transaction, credential: Credential, event: CredentialEvent): Promise<Credential> {
    const { id, ...columns } = { ...credential, updatedAt: this.clock(), version: credential.version + 1 };
    // These are written by the batches only: a copy read here could rewind them.
    const { lastUsedAt, overFetchCount, overFetchedAt, ...changed } = columns;
    await transaction.manager.update(Credential, { id }, changed);
    await this.announce(transaction, credential, event);
    return { id, lastUsedAt, overFetchCount, overFetchedAt, ...changed };
  }

  private async announce(transaction: Transaction, credential: Credential, { detail, ...event }: CredentialEvent): Promise<void> {
    const { id: credentialId, clientId, label } = credential;
    await this.audit.record(transaction.manager, { ...event, credentialId, clientId, detail: { label, ...detail } });
    await transaction.changed(CREDENTIAL_TOPIC, credentialId);
  }

  private async addSecret(manager: EntityManager, credentialId: string): Promise<{ secret: StoredSecret; clientSecret: string }> {
    const clientSecret = generateSecret(SECRET_PREFIX);
    const secret: StoredSecret = {
      id: newId(),
      credentialId,
      digest: this.digester.digest(clientSecret),
      hint: hintOf(clientSecret),
      createdAt: this.clock(),
      expiresAt: null,
      lastUsedAt: null,
      lastUsedIp: null,
    };
    await manager.insert(ClientSecret, secret);
    return { secret, clientSecret };
  }

  private endLater(secret: StoredSecret, overlapSeconds: number): StoredSecret {
    const end = this.clock() + overlapSeconds * 1000;
    return { ...secret, expiresAt: secret.expiresAt === null ? end : Math.min(secret.expiresAt, end) };
  }
}

/** Where a leaked secret was reported from, and where it was found. */
export interface LeakReport {
  readonly address: string;
  readonly source: string | undefined;
}

interface CredentialEvent {
  readonly kind: EventKind;
  readonly actor: string;
  readonly address?: string;
  readonly detail?: Readonly<Record<string, unknown>>;
}

const noSuchCredential = (): ProblemError => new ProblemError('not_found', 'There is no credential with this id.');

const tooManySecrets = (): ProblemError =>
  new ProblemError(
    'too_many_secrets',
    'Two secrets are live. End one with DELETE …/secrets/{secretId}, or rotate with overlapSeconds 0, which ends both.',
  );

/** Observe mode lets everything pass: when it began and when it ends is worth its own line. */
function observationOf(before: Credential, after: Pick<Credential, 'settings'>): Record<string, unknown> {
  const [was, is] = [before.settings?.observeUntil, after.settings?.observeUntil];
  return was === is ? {} : { observeUntil: is === undefined ? null : new Date(is).toISOString() };
}
