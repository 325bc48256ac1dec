import { Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { LRUCache } from 'lru-cache';
import { KeyedCounts } from '../common/keyed-counts.js';
import { upTo } from '../common/up-to.js';
import { MoreThan, Repository } from 'typeorm';
import { CLOCK, type Clock } from '../common/clock.js';
import type { CacheFigures } from '../common/tally.js';
import { ChangeFeed } from '../database/change-feed.service.js';
import { RevokedToken } from '../tokens/revoked-token.entity.js';
import { ClientSecret } from './client-secret.entity.js';
import { Credential } from './credential.entity.js';
import { CredentialState } from './credential-state.js';

/** Change-feed topic; its subject is the credential's id. */
export const CREDENTIAL_TOPIC = 'credential';

const ENTRIES = 20_000;
const UNKNOWN_ENTRIES = 10_000;
const UNKNOWN_TTL_MS = 5000;

interface Load {
  readonly state: Promise<CredentialState | undefined>;
  isStale: boolean;
}

/** Credentials by client id: loaded on first use, kept in a bounded cache, dropped when the change feed names them. */
@Injectable()
export class CredentialDirectory {
  private readonly idToClientId = new Map<string, string>();
  private readonly cache = new LRUCache<string, CredentialState>({
    ...upTo(ENTRIES),
    dispose: (state) => this.idToClientId.delete(state.id),
  });
  /** Client ids that do not exist, so that guessing costs the database nothing. Short, though an id is never made twice. */
  private readonly unknown = new KeyedCounts(UNKNOWN_ENTRIES);
  private readonly loads = new Map<string, Load>();
  private hits = 0;
  private misses = 0;

  constructor(
    @InjectRepository(Credential) private readonly credentials: Repository<Credential>,
    @InjectRepository(ClientSecret) private readonly secrets: Repository<ClientSecret>,
    @InjectRepository(RevokedToken) private readonly revoked: Repository<RevokedToken>,
    @Inject(CLOCK) private readonly clock: Clock,
    feed: ChangeFeed,
  ) {
    feed.on(CREDENTIAL_TOPIC, (id) => this.forget(id));
    feed.onReset(() => this.forgetAll());
  }

  /** The memory of credentials. */
  get figures(): CacheFigures {
    const { hits, misses, cache } = this;
    return { hits, misses, size: cache.size, capacity: cache.max };
  }

  /** The credential with this client id. At once where it is in memory; a promise means a read of the database. */
  find(clientId: string): CredentialState | undefined | Promise<CredentialState | undefined> {
    const state = this.cache.get(clientId);
    if (state || this.unknown.count(clientId) > 0) {
      this.hits++;
      return state;
    }
    this.misses++;
    return this.load(clientId);
  }

  private load(clientId: string): Promise<CredentialState | undefined> {
    const underWay = this.loads.get(clientId);
    if (underWay && !underWay.isStale) return underWay.state;
    const load: Load = { state: this.read(clientId).then((state) => this.keep(clientId, load, state)), isStale: false };
    this.loads.set(clientId, load);
    const end = () => {
      if (this.loads.get(clientId) === load) this.loads.delete(clientId);
    };
    load.state.then(end, end);
    return load.state;
  }

  // What was read may be older than a change that arrived meanwhile: then it is read again, never kept.
  private keep(
    clientId: string,
    load: Load,
    state: CredentialState | undefined,
  ): CredentialState | undefined | Promise<CredentialState | undefined> {
    if (load.isStale) return this.load(clientId);
    if (!state) {
      this.unknown.add(clientId, UNKNOWN_TTL_MS);
      return undefined;
    }
    this.cache.set(clientId, state);
    this.idToClientId.set(state.id, clientId);
    return state;
  }

  private async read(clientId: string): Promise<CredentialState | undefined> {
    if (!(await this.exists(clientId))) return undefined;
    const credential = await this.credentials.findOneBy({ clientId });
    // MySQL compares without trailing spaces: a padded client id must not find, and be cached beside, the real one.
    if (credential?.clientId !== clientId) return undefined;
    return this.toState(credential);
  }

  /** By hand, for those who guess: the query builder takes ten times as long. */
  private async exists(clientId: string): Promise<boolean> {
    const { driver } = this.credentials.manager.dataSource;
    const rows: unknown[] = await this.credentials.query(`SELECT 1 FROM credentials WHERE ${driver.escape('clientId')} = ?`, [clientId]);
    return rows.length > 0;
  }

  private async toState(credential: Credential): Promise<CredentialState> {
    const { id: credentialId } = credential;
    const secrets = await this.secrets.findBy({ credentialId });
    const revoked = await this.revoked.findBy({ credentialId, expiresAt: MoreThan(this.clock()) });
    return new CredentialState(credential, secrets, new Set(revoked.map(({ jti }) => jti)));
  }

  private forget(id: string): void {
    const clientId = this.idToClientId.get(id);
    if (clientId !== undefined) this.cache.delete(clientId);
    this.unknown.clear();
    for (const load of this.loads.values()) load.isStale = true;
  }

  private forgetAll(): void {
    this.cache.clear();
    this.unknown.clear();
    for (const load of this.loads.values()) load.isStale = true;
  }
}
