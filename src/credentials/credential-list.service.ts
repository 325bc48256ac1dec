import { Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Brackets, Repository, type SelectQueryBuilder } from 'typeorm';
import { readOrderedPage, type Page } from '../admin/pages.dto.js';
import { CLOCK, type Clock } from '../common/clock.js';
import { Ordering } from './credential-order.js';
import type { CredentialQueryDto, CredentialStatus } from './credential.dto.js';
import { Credential } from './credential.entity.js';
import { CredentialsService, type CredentialWithSecrets } from './credentials.service.js';

/** Pages of credentials, newest first unless another order is asked for. */
@Injectable()
export class CredentialList {
  constructor(
    @InjectRepository(Credential) private readonly credentials: Repository<Credential>,
    private readonly service: CredentialsService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async page(query: CredentialQueryDto): Promise<Page<CredentialWithSecrets>> {
    const ordering = new Ordering(query.sort ?? '-createdAt');
    const { direction } = ordering;
    const select = this.credentials.createQueryBuilder('credential');
    if (ordering.sql !== undefined) select.addOrderBy(ordering.sql, direction);
    select.addOrderBy('credential.id', direction);
    if (query.status) this.filterByStatus(select, query.status);
    if (query.search) filterBySearch(select, query.search);
    // Slugs stand in a JSON array, and no slug needs escaping there.
    if (query.server) select.andWhere('credential.servers LIKE :server', { server: `%"${query.server}"%` });
    const page = await readOrderedPage(query, {
      read: (after, take) => {
        if (after !== undefined) select.andWhere(ordering.after, { ...after });
        return select.limit(take).getMany();
      },
      place: (credential: Credential) => ordering.place(credential),
      parse: (text) => ordering.parse(text),
    });
    return { items: await this.service.withSecrets(page.items), nextCursor: page.nextCursor };
  }

  private filterByStatus(select: SelectQueryBuilder<Credential>, status: CredentialStatus): void {
    const now = this.clock();
    select.andWhere('credential.isEnabled = :isEnabled', { isEnabled: status !== 'disabled' });
    if (status === 'expired') select.andWhere('credential.expiresAt <= :now', { now });
    if (status === 'enabled') {
      select.andWhere(
        new Brackets((either) => either.where('credential.expiresAt IS NULL').orWhere('credential.expiresAt > :now', { now })),
      );
    }
  }
}

function filterBySearch(select: SelectQueryBuilder<Credential>, search: string): void {
  const pattern = `%${search.toLowerCase().replace(/[!%_]/g, (character) => `!${character}`)}%`;
  select.andWhere(
    new Brackets((either) => {
      either.where("LOWER(credential.label) LIKE :pattern ESCAPE '!'", { pattern }).orWhere('credential.clientId = :search', { search });
    }),
  );
}
