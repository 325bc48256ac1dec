import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { LRUCache } from 'lru-cache';
import { IsNull, Not, Repository } from 'typeorm';
import { ChangeFeed } from '../database/change-feed.service.js';
import { Credential } from './credential.entity.js';
import { CREDENTIAL_TOPIC, CredentialDirectory } from './credential-directory.service.js';
import type { CredentialState } from './credential-state.js';

const ISSUERS = 200;

/** The trust list: which credentials an issuer of workload identities can stand for. An unknown issuer costs no read. */
@Injectable()
export class TrustDirectory {
  private generation = 0;
  private issuers: Promise<ReadonlySet<string>> | undefined;
  private readonly clientIds = new LRUCache<string, Promise<readonly string[]>>({ max: ISSUERS });

  constructor(
    @InjectRepository(Credential) private readonly credentials: Repository<Credential>,
    private readonly directory: CredentialDirectory,
    feed: ChangeFeed,
  ) {
    feed.on(CREDENTIAL_TOPIC, () => this.forget());
    feed.onReset(() => this.forget());
  }

  /** The credentials that trust this issuer, by its exact name; none for an issuer that nobody trusts. */
  async find(issuer: string): Promise<readonly CredentialState[]> {
    if (!(await this.trustedIssuers()).has(issuer)) return [];
    const found = await Promise.all((await this.clientIdsOf(issuer)).map(async (clientId) => this.directory.find(clientId)));
    return found.filter((state): state is CredentialState => state?.settings.trust?.issuer === issuer);
  }

  private trustedIssuers(): Promise<ReadonlySet<string>> {
    this.issuers ??= this.keepWhileCurrent(this.readIssuers(), () => (this.issuers = undefined));
    return this.issuers;
  }

  private clientIdsOf(issuer: string): Promise<readonly string[]> {
    const known = this.clientIds.get(issuer);
    if (known) return known;
    const read = this.keepWhileCurrent(this.readClientIds(issuer), () => this.clientIds.delete(issuer));
    this.clientIds.set(issuer, read);
    return read;
  }

  /** What was read while something changed, or could not be read, is not kept. */
  private keepWhileCurrent<T>(read: Promise<T>, drop: () => void): Promise<T> {
    const { generation } = this;
    read.then(() => generation !== this.generation && drop(), drop);
    return read;
  }

  private async readIssuers(): Promise<ReadonlySet<string>> {
    const rows = await this.credentials
      .createQueryBuilder('credential')
      .select('DISTINCT credential.trustIssuer', 'issuer')
      .where({ trustIssuer: Not(IsNull()) })
      .getRawMany<{ issuer: string }>();
    return new Set(rows.map(({ issuer }) => issuer));
  }

  private async readClientIds(issuer: string): Promise<readonly string[]> {
    const rows = await this.credentials.find({ where: { trustIssuer: issuer }, select: { id: true, clientId: true } });
    return rows.map(({ clientId }) => clientId);
  }

  private forget(): void {
    this.generation++;
    this.issuers = undefined;
    this.clientIds.clear();
  }
}
