import { MIGRATIONS } from './migrations/index.js';

const KNOWN: readonly string[] = MIGRATIONS.map((migration) => new migration().name);

/** How a database with these migrations stands to this version. */
export function judgeSchema(migrations: readonly string[]): 'older' | 'present' | 'newer' {
  if (migrations.some((name) => !KNOWN.includes(name))) return 'newer';
  return KNOWN.every((name) => migrations.includes(name)) ? 'present' : 'older';
}
