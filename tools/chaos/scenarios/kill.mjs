import { setTimeout as sleep } from 'node:timers/promises';
import { Gatehouse } from '../gatehouse.mjs';
import { MariaDb } from '../databases.mjs';
import { CredentialSubject } from '../kill/credential.mjs';
import { AdminKeySubject, AdminSubject, ServerSubject, SigningKeysSubject } from '../kill/others.mjs';
import { between } from '../kill/random.mjs';
import { User } from '../kill/users.mjs';
import { moment, Worker } from '../kill/worker.mjs';
import { Tally } from '../report.mjs';
import { setting } from '../settings.mjs';

const ROUNDS = setting('CHAOS_ROUNDS', 50);
/** In so many rounds once: a start is killed as well, and the chain of the trail is checked. */
const STARTS_EVERY = 5;
const FIRST_STARTS = 10;

export const kill = {
  name: 'kill',
  about: `SIGKILL at random moments under load, ${ROUNDS} rounds on SQLite`,
  run: (scene) => rounds(scene, {}),
};

export const killMariadb = {
  name: 'kill-mariadb',
  about: `SIGKILL at random moments under load, ${ROUNDS} rounds on MariaDB`,
  needs: ['mariadbd', 'mariadb-install-db'],
  run: async (scene) => {
    const server = scene.own(await MariaDb.create(scene.dir));
    await rounds(scene, { DATABASE_URL: await server.createDatabase('chaos') });
    await firstStarts(scene, server);
  },
};

async function rounds({ report, dir, own }, env) {
  const gatehouse = own(await Gatehouse.create(dir, { env }));
  await gatehouse.start();
  const { client } = gatehouse;
  const make = (Subject) => (name, headers) => Subject.creation(client, name, headers);
  const workers = [
    new Worker('one', { creations: [make(CredentialSubject)] }),
    new Worker('two', { creations: [make(CredentialSubject)] }),
    new Worker('three', { creations: [make(ServerSubject), make(AdminKeySubject), make(AdminSubject)] }),
    new Worker('four', { creations: [make(AdminSubject)], subjects: [new SigningKeysSubject(client)] }),
  ];
  const users = [await User.create(client, 'user one'), await User.create(client, 'user two')];
  const seen = {
    acts: new Tally(),
    uses: new Tally(),
    faults: [],
    outcomes: new Tally(),
    events: { all: 0, missing: 0, old: 0 },
    starts: [],
  };
  for (let round = 1; round <= ROUNDS; round++) {
    const loads = [...workers.map((worker) => worker.work(seen.acts)), ...users.map((user) => user.work(seen.uses))];
    await sleep(moment(round));
    const endedAt = performance.now();
    await gatehouse.kill();
    await Promise.all(loads);
    if (round % STARTS_EVERY === 0) await killedStart(gatehouse);
    const began = performance.now();
    await gatehouse.start();
    seen.starts.push(performance.now() - began);
    await check({ gatehouse, workers, users, seen, endedAt, round });
    if (seen.faults.length > 20) break;
  }
  await verify(gatehouse, seen, workers);
  tell(report, seen, workers);
  report.promise('it stops as asked', (await gatehouse.stop()) === 0);
}

async function killedStart(gatehouse) {
  gatehouse.launch();
  await sleep(between(50, 1200));
  await gatehouse.kill();
}

/** Everything that this round has touched. */
async function check({ gatehouse, workers, users, seen, endedAt, round }) {
  const events = await gatehouse.client.events();
  for (const worker of workers) {
    const outcome = await worker.resolve(events);
    if (outcome) seen.outcomes.add(outcome);
  }
  const after = await gatehouse.client.events();
  for (const worker of workers) {
    for (const subject of worker.touched) seen.faults.push(...(await faultsOf(subject, after)).map((fault) => `round ${round}: ${fault}`));
  }
  for (const user of users) {
    const counts = user.missing(after, endedAt);
    for (const key of Object.keys(counts)) seen.events[key] += counts[key];
  }
}

async function faultsOf(subject, events) {
  const faults = await subject.faults();
  const found = events.filter((event) => subject.owns(event)).map(({ kind }) => kind);
  if (found.join() !== subject.history.join()) faults.push(`its events are ${found.join()}; answered were ${subject.history.join()}`);
  return faults.map((fault) => `${subject.name}: ${fault}`);
}

/** All of it once more, whoever touched it when. */
async function verify(gatehouse, seen, workers) {
  const events = await gatehouse.client.events();
  for (const subject of workers.flatMap((worker) => worker.subjects)) {
    seen.faults.push(...(await faultsOf(subject, events)).map((fault) => `at the end: ${fault}`));
  }
  seen.verification = await gatehouse.run('audit', 'verify');
}

function tell(report, seen, workers) {
  report.saw('admins', seen.acts.all);
  report.saw('clients', seen.uses.all);
  const unexpected = workers.flatMap((worker) => worker.unexpected);
  const subjects = workers.flatMap((worker) => worker.subjects);
  report.note(`${subjects.length} things made; acts without an answer: ${JSON.stringify(seen.outcomes)}`);
  report.note(`started again within ${Math.max(...seen.starts).toFixed(0)} ms`);
  const { all, missing, old } = seen.events;
  report.note(`of ${all} events of issued tokens ${missing} were lost with the process, ${old} of them older than a second`);
  report.promise(
    'no acknowledged write is lost, none is half there, nothing that ended is alive',
    seen.faults.length === 0,
    seen.faults.map((fault) => fault.slice(0, 200)).join('\n'),
  );
  report.promise('every answer was the expected one', unexpected.length === 0, unexpected.join('\n'));
  report.promise('events of use are written within a second', old === 0);
  report.promise('gatehouse audit verify finds the trail whole', seen.verification.code === 0, seen.verification.output);
}

/** The first start, which makes the tables, killed at any moment: MariaDB takes no table back. */
async function firstStarts({ report, dir, own }, server) {
  const faults = [];
  for (let i = 0; i < Math.min(FIRST_STARTS, ROUNDS); i++) {
    const url = await server.createDatabase(`first_${i}`);
    const gatehouse = own(await Gatehouse.create(`${dir}/first-${i}`, { env: { DATABASE_URL: url } }));
    gatehouse.launch();
    await sleep(between(500, 2500));
    await gatehouse.kill();
    await gatehouse.start().catch((error) => faults.push(error.message));
    await gatehouse.kill();
  }
  report.promise('a first start that was killed is made good by the next', faults.length === 0, faults.join('\n'));
}
