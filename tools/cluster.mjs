// npm run cluster: several processes on one database behind a proxy that knows no affinity, for trying it on one machine.
//   --replicas N   processes (3)
//   --proxy NAME   haproxy, nginx or caddy (the first of them that is installed)
//   --port N       where the proxy listens (3000)
//   --database URL a MariaDB or MySQL server (mysql://root@127.0.0.1:3306); a database is made on it and dropped at the end
//   --redis URL    (redis://127.0.0.1:6379), or `none`
//   --roll-under-load  clients of every kind at work while all processes are replaced, one after the other, --times times (1); tells how
//                  many of their requests failed, and ends: with 0 where none did
// SIGHUP restarts the processes one after the other, as an upgrade would. Ctrl-C ends everything.
import { parseArgs } from 'node:util';
import { execFileSync } from 'node:child_process';
import { Cluster } from './cluster/cluster.mjs';
import { installedProxy, PROXIES } from './cluster/proxy.mjs';
import { rollUnderLoad } from './cluster/roll-under-load.mjs';

const { values } = parseArgs({
  options: {
    replicas: { type: 'string', default: '3' },
    proxy: { type: 'string' },
    port: { type: 'string', default: '3000' },
    database: { type: 'string', default: 'mysql://root@127.0.0.1:3306' },
    redis: { type: 'string', default: 'redis://127.0.0.1:6379' },
    'roll-under-load': { type: 'boolean', default: false },
    times: { type: 'string', default: '1' },
  },
});

function stop(message) {
  console.error(`cluster: ${message}`);
  process.exit(2);
}

const integer = (name, max) => {
  const value = Number(values[name]);
  return Number.isInteger(value) && value > 0 && value <= max ? value : stop(`--${name} must be a whole number, 1 to ${max}`);
};
const replicas = integer('replicas', 32);
const port = integer('port', 65_535);
const times = integer('times', 1000);
const proxy = values.proxy ?? installedProxy();
if (proxy === undefined || !(proxy in PROXIES)) stop(`install one of ${Object.keys(PROXIES).join(', ')}, or name it with --proxy`);

execFileSync(process.execPath, ['tools/build-when-stale.mjs'], { stdio: 'inherit' });
const cluster = new Cluster({
  port,
  proxy,
  database: values.database,
  redis: values.redis === 'none' ? undefined : values.redis,
  env: values['roll-under-load'] ? { RATE_LIMITS: 'off' } : {},
});
const end = async (status) => {
  await cluster.stop();
  process.exit(status);
};
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void end(0));
try {
  await cluster.start(replicas);
} catch (error) {
  console.error(`cluster: ${error.message}`);
  await end(1);
}
console.log(`${replicas} processes behind ${proxy} at ${cluster.url}`);
for (const { url, pid } of cluster.replicas) console.log(`  ${url} (${pid})`);
if (values['roll-under-load']) await end((await rollUnderLoad(cluster, times)) ? 0 : 1);
console.log(`First admin: ${cluster.admin.username}, ${cluster.admin.password}`);
console.log(`One after the other anew: kill -HUP ${process.pid}`);
process.on(
  'SIGHUP',
  () =>
    void cluster.roll().then(
      () => console.log('All were started anew.'),
      (error) => console.error(`cluster: ${error.message}`),
    ),
);
