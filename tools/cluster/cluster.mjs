import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createConnection } from 'mysql2/promise';
import { freePort } from '../free-port.mjs';
import { startProxy } from './proxy.mjs';

const START_MS = 60_000;

/** Several processes of Gatehouse on one database of their own, behind a proxy. */
export class Cluster {
  replicas = [];
  admin = { username: 'admin', password: randomBytes(12).toString('base64url') };
  #options;
  #dir = mkdtempSync(join(tmpdir(), 'gatehouse-cluster-'));
  #name = `gatehouse_cluster_${randomBytes(6).toString('hex')}`;
  #masterKey = randomBytes(32).toString('base64');
  #hasDatabase = false;
  #proxy;

  constructor(options) {
    this.#options = options;
    this.url = `http://localhost:${options.port}`;
  }

  /** @throws where the database cannot be made, or something does not start; {@link stop} removes what there is. */
  async start(amount) {
    await this.#query(`CREATE DATABASE ${this.#name}`);
    this.#hasDatabase = true;
    const ports = [];
    for (let i = 0; i < amount; i++) ports.push(await freePort());
    this.replicas = await Promise.all(ports.map((port, i) => this.#startReplica(port, i)));
    const { proxy, port } = this.#options;
    this.#proxy = startProxy(proxy, { port, ports, dir: this.#dir });
    await this.#isServing();
  }

  /** Replaces each process by a new one, the next only when the one before serves. `onEnd` is told how each ended. */
  async roll(onEnd = () => undefined) {
    for (const [i, { child, port, pid }] of this.replicas.entries()) {
      const began = performance.now();
      child.kill('SIGTERM');
      await ended(child);
      onEnd({ pid, exitCode: child.exitCode, seconds: (performance.now() - began) / 1000 });
      this.replicas[i] = await this.#startReplica(port, i);
      // Until the proxy has seen that it serves.
      await sleep(1500);
    }
  }

  /** What the proxy complained of, apart from processes that refuse: they are being replaced. */
  get complaints() {
    return this.#proxy.output.text.split('\n').filter((line) => line !== '' && !/refused|while connecting to upstream/i.test(line));
  }

  async stop() {
    const children = [...this.replicas.map(({ child }) => child), ...(this.#proxy ? [this.#proxy.child] : [])];
    for (const child of children) child.kill('SIGTERM');
    await Promise.all(children.map(ended));
    if (this.#hasDatabase) await this.#query(`DROP DATABASE ${this.#name}`).catch(() => undefined);
    rmSync(this.#dir, { recursive: true, force: true });
  }

  async #query(statement) {
    const connection = await createConnection({ uri: this.#options.database });
    await connection.query(statement);
    await connection.end();
  }

  async #startReplica(port, i) {
    const database = new URL(this.#options.database);
    database.pathname = `/${this.#name}`;
    const env = {
      PATH: process.env.PATH,
      NODE_ENV: 'production',
      PORT: String(port),
      PUBLIC_URL: this.url,
      DATABASE_URL: database.href,
      MASTER_KEY: this.#masterKey,
      ADMIN_PASSWORD: this.admin.password,
      DATA_DIR: join(this.#dir, `replica-${i + 1}`),
      DOCS_DIR: 'docs',
      TRUST_PROXY: '127.0.0.1',
      LOG_LEVEL: 'error',
      // By then the proxy has looked at the health, or has had answers that close their connections.
      SHUTDOWN_DELAY: '2',
      ...(this.#options.redis ? { REDIS_URL: this.#options.redis } : {}),
      ...this.#options.env,
    };
    const child = spawn(process.execPath, ['dist/src/main.js'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const ready = new Promise((resolve) => {
      const read = (data) => {
        output = (output + data).slice(-4000);
        if (output.includes('curl')) resolve();
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
    });
    const failed = once(child, 'exit').then(() => Promise.reject(new Error(`a process did not start:\n${output}`)));
    await Promise.race([
      ready,
      failed,
      sleep(START_MS, undefined, { ref: false }).then(() => Promise.reject(new Error('a process did not start in time'))),
    ]);
    failed.catch(() => undefined);
    return { child, port, pid: child.pid, url: `http://127.0.0.1:${port}` };
  }

  async #isServing() {
    for (const end = Date.now() + START_MS; ; await sleep(100)) {
      const answer = await fetch(`${this.url}/health/ready`).catch(() => undefined);
      if (answer?.ok) return;
      if (this.#proxy.child.exitCode !== null || Date.now() > end)
        throw new Error(`the proxy does not serve:\n${this.#proxy.output.text.slice(-4000)}`);
    }
  }
}

async function ended(child) {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}
