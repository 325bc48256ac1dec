import { randomBytes } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { StartupError } from '../common/startup-error.js';
import { InstallationValue } from './installation.entity.js';
import type { SealedColumn } from './reseal.js';
import type { Sealer } from './sealer.js';

const PEPPER = 'secrets.pepper';

export const SEALED_VALUES: SealedColumn = { entity: InstallationValue, key: 'name', column: 'sealed', purposeOf: (name) => name };

/**
 * The key under which client secrets and admin keys are digested. Made once, kept sealed, so that the master key can change.
 * @throws {StartupError} when the master key is not the one that this database was made with.
 */
export async function loadPepper(dataSource: DataSource, sealer: Sealer): Promise<Buffer> {
  const values = dataSource.getRepository(InstallationValue);
  const stored = await values.findOneBy({ name: PEPPER });
  if (!stored) {
    const pepper = randomBytes(32);
    await values.insert({ name: PEPPER, sealed: sealer.seal(PEPPER, pepper) });
    return pepper;
  }
  try {
    return sealer.open(PEPPER, stored.sealed);
  } catch (error) {
    throw new StartupError('The master key is not the one that this database was made with. Set MASTER_KEY, or restore the key file.', {
      cause: error,
    });
  }
}
