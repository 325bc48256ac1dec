import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository, type SelectQueryBuilder } from 'typeorm';
import { AuditEvent } from '../audit/event.entity.js';
import { firstIdAt } from '../common/ids.js';
import { type EventDto, type EventFilterDto, type EventQueryDto, toEventDto } from './event.dto.js';
import { type Page, readPage } from './pages.dto.js';

const BATCH = 500;
/** How far an id may lie from its event's time, where a clock was set back. */
const CLOCK_SLACK_MS = 3_600_000;

/** Reads the audit trail, newest first. */
@Injectable()
export class EventsService {
  constructor(@InjectRepository(AuditEvent) private readonly events: Repository<AuditEvent>) {}

  async page(query: EventQueryDto): Promise<Page<EventDto>> {
    const page = await readPage(query, (after, take) => this.select(query, after).take(take).getMany());
    return { items: page.items.map(toEventDto), nextCursor: page.nextCursor };
  }

  /** Everything that matches, one JSON object a line, read batch by batch. */
  async *stream(query: EventQueryDto): AsyncGenerator<string> {
    let after: string | undefined;
    for (;;) {
      const batch = await this.select(query, after).take(BATCH).getMany();
      if (batch.length === 0) return;
      yield batch.map((event) => `${JSON.stringify(toEventDto(event))}\n`).join('');
      after = batch.at(-1)?.id;
    }
  }

  /** The oldest events that match and come after an id. */
  after(filter: EventFilterDto, id: string, take: number): Promise<AuditEvent[]> {
    return this.filtered(filter).andWhere('event.id > :id', { id }).orderBy('event.id', 'ASC').take(take).getMany();
  }

  private select(query: EventQueryDto, after: string | undefined): SelectQueryBuilder<AuditEvent> {
    const select = this.filtered(query).orderBy('event.id', 'DESC');
    if (after !== undefined) select.andWhere('event.id < :after', { after });
    // By id, so that the key of the table leads to a stretch of time; what the slack lets in too is sorted out by time.
    if (query.from !== undefined) {
      const from = Date.parse(query.from);
      select.andWhere('event.id >= :first AND event.at >= :from', { first: firstIdAt(from - CLOCK_SLACK_MS), from });
    }
    if (query.to !== undefined) {
      const to = Date.parse(query.to);
      select.andWhere('event.id < :last AND event.at < :to', { last: firstIdAt(to + CLOCK_SLACK_MS), to });
    }
    return select;
  }

  private filtered({ server, actor, credential, secret, kind }: EventFilterDto): SelectQueryBuilder<AuditEvent> {
    const select = this.events.createQueryBuilder('event');
    if (server !== undefined) select.andWhere('event.server = :server', { server });
    if (actor !== undefined) select.andWhere('event.actor = :actor', { actor });
    if (credential !== undefined) {
      // One index for each: an "or" of both would read the whole trail.
      const column = credential.startsWith('mcc_') ? 'clientId' : 'credentialId';
      select.andWhere(`event.${column} = :credential`, { credential });
    }
    // Within the events of its credential, to which an index leads. Ids are unique, so that it does not matter under which name one stands.
    if (secret !== undefined) select.andWhere("event.detail LIKE :secret ESCAPE '!'", { secret: `%"${likeText(secret)}"%` });
    if (kind !== undefined) filterByKind(select, kind);
    return select;
  }
}

function filterByKind(select: SelectQueryBuilder<AuditEvent>, kind: string): void {
  if (!kind.endsWith('*')) select.andWhere('event.kind = :kind', { kind });
  else {
    select.andWhere("event.kind LIKE :kind ESCAPE '!'", { kind: `${likeText(kind.slice(0, -1))}%` });
  }
}

/** A text as it stands in a pattern whose escape is `!`. */
const likeText = (text: string): string => text.replace(/[!%_]/g, (character) => `!${character}`);
