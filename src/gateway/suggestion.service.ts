import { Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { AuditEvent } from '../audit/event.entity.js';
import { CLOCK, type Clock } from '../common/clock.js';
import { CredentialsService } from '../credentials/credentials.service.js';
import { permissionsOf } from '../servers/scopes.js';
import { ServerDirectory } from '../servers/server-directory.service.js';
import type { ServerScope } from '../servers/server.entity.js';
import type { ServerSuggestionDto, SuggestionDto } from './access.dto.js';
import { type Suggested, suggestPermissions } from './suggest.js';

const DAY_MS = 86_400_000;
const DEFAULT_DAYS = 30;
/** Events and different targets that are looked at, the newest and the most called of them. */
const MAX_EVENTS = 200_000;
const MAX_TARGETS = 5000;
const SHOWN_TARGETS = 10;

interface Row {
  readonly server: string;
  readonly kind: string;
  readonly method: string;
  readonly target: string | null;
  readonly calls: number | string;
}

/** Reads from the audit trail what a credential has needed, and proposes permissions for no more than that. */
@Injectable()
export class Suggestions {
  constructor(
    @InjectRepository(AuditEvent) private readonly events: Repository<AuditEvent>,
    private readonly credentials: CredentialsService,
    private readonly servers: ServerDirectory,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws {ProblemError} `not_found`. */
  async suggest(credentialId: string, days = DEFAULT_DAYS): Promise<SuggestionDto> {
    const { credential } = await this.credentials.read(credentialId);
    const from = this.clock() - days * DAY_MS;
    const rows = await this.read(credential.id, from);
    const slugs = [...new Set(rows.map(({ server }) => server))];
    const servers = slugs.map((slug) =>
      this.toSuggestion(
        slug,
        rows.filter(({ server }) => server === slug),
      ),
    );
    return { from: new Date(from).toISOString(), servers, isCut: rows.length >= MAX_TARGETS };
  }

  private toSuggestion(server: string, rows: readonly Row[]): ServerSuggestionDto {
    const uses = rows
      .filter(({ kind }) => kind === 'call')
      .map(({ method, target, calls }) => ({ method, target: target ?? '', calls: Number(calls) }));
    const suggested = suggestPermissions(uses);
    const scopes = this.servers.find(server)?.scopes ?? [];
    return {
      server,
      permissions: suggested.map((one) => toDto(one, scopes)),
      scopes: fewestScopes(suggested, scopes),
      calls: sum(rows, 'call'),
      observed: sum(rows, 'call.observed'),
    };
  }

  /** Counted by the database: a busy credential has more events than would fit here. */
  private read(credentialId: string, from: number): Promise<Row[]> {
    const { driver } = this.events.manager.dataSource;
    const isSqlite = this.events.manager.dataSource.options.type === 'better-sqlite3';
    const q = (name: string): string => driver.escape(name);
    const member = (name: string): string => {
      const extract = `JSON_EXTRACT(${q('detail')}, '$.${name}')`;
      return isSqlite ? extract : `JSON_UNQUOTE(${extract})`;
    };
    return this.events.manager.query<Row[]>(
      `SELECT ${q('server')}, ${q('kind')}, ${member('method')} AS ${q('method')}, ${member('target')} AS ${q('target')}, COUNT(*) AS ${q('calls')}
       FROM (SELECT ${q('server')}, ${q('kind')}, ${q('detail')} FROM ${q('events')}
             WHERE ${q('credentialId')} = ? AND ${q('at')} >= ? AND ${q('kind')} IN ('call', 'call.observed') AND ${q('server')} IS NOT NULL
             ORDER BY ${q('id')} DESC LIMIT ${MAX_EVENTS}) recent
       GROUP BY 1, 2, 3, 4 ORDER BY 5 DESC LIMIT ${MAX_TARGETS}`,
      [credentialId, from],
    );
  }
}

const sum = (rows: readonly Row[], wanted: string): number =>
  rows.filter(({ kind }) => kind === wanted).reduce((total, { calls }) => total + Number(calls), 0);

const toDto = ({ permission, calls, targets }: Suggested, scopes: readonly ServerScope[]) => ({
  permission,
  calls,
  targets: targets.slice(0, SHOWN_TARGETS),
  coveredBy: scopes.filter((scope) => permissionsOf(scope).include(permission)).map(({ name }) => name),
});

/** Whichever gives most of what is left, again and again; nothing where something stays that none gives. */
function fewestScopes(suggested: readonly Suggested[], scopes: readonly ServerScope[]): string[] {
  let left = suggested.map(({ permission }) => permission);
  const chosen: string[] = [];
  while (left.length > 0) {
    const gains = scopes.map((scope) => ({ scope, given: left.filter((permission) => permissionsOf(scope).include(permission)) }));
    const best = gains.reduce<(typeof gains)[number] | undefined>((a, b) => (b.given.length > (a?.given.length ?? 0) ? b : a), undefined);
    if (!best) return [];
    chosen.push(best.scope.name);
    left = left.filter((permission) => !best.given.includes(permission));
  }
  return chosen;
}
