import type { Server } from './server.entity.js';

const COMPARED = [
  'name',
  'description',
  'access',
  'upstream',
  'scopes',
  'limits',
  'tokenTtl',
  'isDefault',
] as const satisfies readonly (keyof Server)[];
/** The audit trail keeps a change whole up to this length; of a longer one, which fields it was. */
const MAX_LENGTH = 8000;

/** What a change has changed, for the audit trail: settings as they were and are, of secrets that they were written. */
export function describeChanges(before: Server, after: Server, said: object): Record<string, unknown> {
  const fields = COMPARED.filter((field) => JSON.stringify(before[field]) !== JSON.stringify(after[field]));
  const changes = Object.fromEntries(fields.map((field) => [field, { from: before[field], to: after[field] }]));
  const secrets = before.upstreamSecrets === after.upstreamSecrets ? {} : { secretsWritten: true };
  const isLong = JSON.stringify(changes).length > MAX_LENGTH;
  return {
    said: Object.keys(said).filter((key) => (said as Record<string, unknown>)[key] !== undefined),
    fields,
    ...(isLong ? {} : { changes }),
    ...secrets,
  };
}
