import type { DataSource } from 'typeorm';
import { MARKS_PURPOSE } from '../audit/audit-chain.service.js';
import { ChainMarks } from '../audit/chain-marks.js';
import { type Finding, TrailVerifier, type Verification } from '../audit/verify-trail.js';
import { CommandError, type Run, UsageError } from './command.js';
import { withServices } from './with-services.js';

const SHOWN = 1000;

export const auditVerify: Run = async ({ config, options, print }) => {
  const since = parseSince(options['since']);
  const verification = await withServices(config, ({ dataSource, digester }) => {
    const marks = new ChainMarks(digester.deriveKey(MARKS_PURPOSE));
    return atOneMoment(dataSource, (manager) => new TrailVerifier(manager, marks).verify());
  });
  const findings = verification.findings.filter(({ at }) => since === undefined || at === undefined || at >= since);
  print(summaryOf(verification));
  if (findings.length > 0) throw new CommandError(describe(findings));
  print('Nothing was removed, changed or inserted.');
};

function parseSince(option: string | boolean | undefined): number | undefined {
  if (typeof option !== 'string') return undefined;
  const time = Date.parse(option);
  if (Number.isNaN(time)) throw new UsageError('--since must be a time, e.g. 2026-11-26T10:00:00Z.');
  return time;
}

/** On SQLite a transaction sees one moment anyway. */
function atOneMoment<T>(dataSource: DataSource, work: Parameters<typeof dataSource.transaction<T>>[1]): Promise<T> {
  return dataSource.options.type === 'better-sqlite3' ? dataSource.transaction(work) : dataSource.transaction('REPEATABLE READ', work);
}

function summaryOf({ events, batches, chains, olderEvents }: Verification): string {
  const older = olderEvents === 0 ? '' : ` ${olderEvents} of them are older than the chain, and are not covered by it.`;
  return `Checked ${events} events in ${batches} batches of ${chains} chains.${older}`;
}

function describe(findings: readonly Finding[]): string {
  const lines = findings.slice(0, SHOWN).map(({ kind, text }) => `${kind.padEnd(8)}  ${text}`);
  const rest = findings.length > SHOWN ? [`and ${findings.length - SHOWN} more`] : [];
  return [...lines, ...rest, `The audit trail is not whole: ${findings.length} findings.`].join('\n');
}
