import { USERNAME } from '../admin/admin.dto.js';
import { Admin, type Role } from '../admin/admin.entity.js';
import { AdminsService } from '../admin/admins.service.js';
import { systemClock } from '../common/clock.js';
import { ProblemError } from '../protocol/problem.js';
import { type Run, CommandError, UsageError } from './command.js';
import { type Services, withServices } from './with-services.js';

const ACTOR = 'cli';
const SHOWN = 20;

export const adminReset: Run = async ({ config, positionals: [name = ''], options, print }) => {
  const username = name.toLowerCase();
  if (!USERNAME.test(username)) throw new UsageError('NAME is no username: 1 to 64 letters, digits, dots, hyphens, underscores or @.');
  const password = await withServices(config, (services) => {
    if (options['create'] === true) return createOwner(services, username);
    return reset(services, username, options['owner'] === true ? 'owner' : undefined);
  });
  print(`Username  ${username}\nPassword  ${password}\nIt is shown this once. Change it after signing in.`);
};

async function createOwner(services: Services, username: string): Promise<string> {
  const created = await plainly(() =>
    services.unitOfWork.run((transaction) => adminsOf(services).create({ username, role: 'owner' }, ACTOR, transaction)),
  );
  return created.password ?? '';
}

async function reset(services: Services, username: string, role: Role | undefined): Promise<string> {
  const table = services.dataSource.getRepository(Admin);
  const admin = await table.findOneBy({ username });
  if (admin) return plainly(() => adminsOf(services).reset({ id: admin.id, actor: ACTOR }, role));
  const names = (await table.find({ order: { username: 'ASC' }, take: SHOWN })).map((other) => other.username);
  throw new CommandError(`There is no admin ${username}. There are: ${names.join(', ') || 'none'}. --create makes a new owner.`);
}

const adminsOf = ({ dataSource, unitOfWork, audit }: Services): AdminsService =>
  new AdminsService(dataSource.getRepository(Admin), unitOfWork, audit, systemClock);

/** What the admin API would refuse is refused here as well, in its words. */
async function plainly<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ProblemError) throw new CommandError(error.message, { cause: error });
    throw error;
  }
}
