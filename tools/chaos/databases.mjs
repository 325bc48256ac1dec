import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { createConnection } from 'mysql2/promise';
import { freePort } from '../free-port.mjs';

const START_MS = 60_000;
/** Debian keeps servers out of the way of users. */
const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
const run = promisify(execFile);

/** Whether a program is on this machine. */
export async function isInstalled(program) {
  return run('sh', ['-c', `command -v ${program}`], { env }).then(
    () => true,
    () => false,
  );
}

/** A server of the tool's own that can be taken away and given back. */
class Server {
  #child;

  async start() {
    this.#child = spawn(this.command[0], this.command.slice(1), { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream.on('data', (data) => (output = (output + data).slice(-3000)));
    for (const end = performance.now() + START_MS; !(await this.answers()); await sleep(50)) {
      if (this.#child.exitCode === null && performance.now() < end) continue;
      await this.stop('SIGKILL');
      throw new Error(`${this.command[0]} does not start:\n${output}`);
    }
  }

  /** Stops it from answering, or lets it go on. */
  signal(signal) {
    this.#child.kill(signal);
  }

  async stop(signal = 'SIGTERM') {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }
}

/** MariaDB on a port and a folder of its own. */
export class MariaDb extends Server {
  static async create(dir) {
    const server = new MariaDb();
    server.port = await freePort();
    const data = join(dir, 'mariadb');
    mkdirSync(data, { recursive: true });
    const own = [`--datadir=${data}`, ...(process.getuid() === 0 ? ['--user=root'] : [])];
    await run('mariadb-install-db', ['--no-defaults', ...own, '--auth-root-authentication-method=normal', '--skip-test-db'], { env });
    server.command = [
      'mariadbd',
      '--no-defaults',
      ...own,
      `--port=${server.port}`,
      '--bind-address=127.0.0.1',
      `--socket=${join(data, 'sock')}`,
      `--pid-file=${join(data, 'pid')}`,
      '--innodb-buffer-pool-size=64M',
    ];
    await server.start();
    return server;
  }

  async answers() {
    return this.query('SELECT 1').then(
      () => true,
      () => false,
    );
  }

  /** An empty database. */
  async createDatabase(name) {
    await this.query(`CREATE DATABASE ${name}`);
    return `mysql://root@127.0.0.1:${this.port}/${name}`;
  }

  async query(statement) {
    const connection = await createConnection({ host: '127.0.0.1', port: this.port, user: 'root', connectTimeout: 1000 });
    try {
      return (await connection.query(statement))[0];
    } finally {
      await connection.end();
    }
  }
}

/** Redis on a port of its own, which keeps nothing. */
export class RedisServer extends Server {
  static async create(dir) {
    const server = new RedisServer();
    server.port = await freePort();
    server.url = `redis://127.0.0.1:${server.port}`;
    server.command = [
      'redis-server',
      '--port',
      String(server.port),
      '--bind',
      '127.0.0.1',
      '--save',
      '',
      '--appendonly',
      'no',
      '--dir',
      dir,
    ];
    await server.start();
    return server;
  }

  async answers() {
    return this.send('ping').then(
      () => true,
      () => false,
    );
  }

  /** One command on a connection of its own. */
  async send(...args) {
    const redis = new Redis({ host: '127.0.0.1', port: this.port, lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 });
    redis.on('error', () => undefined);
    try {
      await redis.connect();
      return await redis.call(...args);
    } finally {
      redis.disconnect();
    }
  }
}
