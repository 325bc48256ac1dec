import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../free-port.mjs';
import { Client } from './client.mjs';

/** On a machine that has much else to do. */
const START_MS = 180_000;
const STOP_MS = 15_000;
const LOG_CHARACTERS = 1_000_000;
const PAGES = { 'index.md': 'Welcome', 'install.md': 'Install', 'secrets.md': 'Rotating secrets' };

/** A process of Gatehouse that the tool starts, hurts and starts again, on folders and ports of its own. */
export class Gatehouse {
  log = '';
  #env;
  #command;
  #child;
  #answers = new Map();
  #asked = 0;
  /** Of this start. */
  #output = '';
  #hasSaidAll = false;

  /** `env` goes before what is set here; `command` turns a command line into another one, e.g. with fewer descriptors. */
  constructor({ env, port, dir, command = (line) => line }) {
    this.port = port;
    this.url = `http://localhost:${port}`;
    this.password = env.ADMIN_PASSWORD;
    this.dir = dir;
    this.#env = env;
    this.#command = command;
    this.client = new Client(this);
  }

  static async create(dir, { env = {}, command } = {}) {
    const docs = join(dir, 'docs');
    mkdirSync(docs, { recursive: true });
    for (const [file, title] of Object.entries(PAGES)) {
      writeFileSync(join(docs, file), `---\ntitle: ${title}\npublic: true\n---\n\n# ${title}\n\nA handbook for trying what fails.\n`);
    }
    const port = await freePort();
    const all = {
      PATH: process.env.PATH,
      NODE_ENV: 'production',
      PORT: String(port),
      ADMIN_PASSWORD: 'only for a moment',
      DATA_DIR: join(dir, 'data'),
      DOCS_DIR: docs,
      LOG_LEVEL: 'info',
      LOG_FORMAT: 'json',
      METRICS_TOKEN: 'metrics-of-chaos-0123456789abcdef',
      MASTER_KEY: randomBytes(32).toString('base64'),
      // The load comes from one address.
      RATE_LIMIT_TOKEN_PER_ADDRESS: '100000000',
      RATE_LIMIT_TOKEN_FAILURES: '100000000',
      RATE_LIMIT_SIGN_IN_FAILURES: '100000000',
      RATE_LIMIT_DOCS_PER_CREDENTIAL: '100000000',
      ...env,
    };
    return new Gatehouse({ env: all, port, dir, command });
  }

  /** Another process on the same database, with the same name to the outside. */
  async twin() {
    const port = await freePort();
    const twin = new Gatehouse({ env: { ...this.#env, PUBLIC_URL: this.url, PORT: String(port) }, port, dir: this.dir });
    twin.url = this.url;
    return twin;
  }

  get pid() {
    return this.#child?.pid;
  }

  get isRunning() {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Starts the process and returns at once. */
  launch() {
    const line = ['node', '--expose-gc', '--import', './tools/chaos/inside.mjs', 'dist/src/main.js'];
    const [command, ...args] = this.#command([process.execPath, ...line.slice(1)]);
    const child = spawn(command, args, { env: this.#env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    this.#child = child;
    this.#output = '';
    this.#hasSaidAll = false;
    child.once('close', () => (this.#hasSaidAll = this.#child === child));
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => this.#hear(String(data)));
    child.on('message', ({ id, answer }) => {
      this.#answers.get(id)?.(answer);
      this.#answers.delete(id);
    });
    child.once('exit', () => {
      for (const answer of this.#answers.values()) answer(undefined);
      this.#answers.clear();
    });
  }

  #hear(text) {
    this.log = (this.log + text).slice(-LOG_CHARACTERS);
    this.#output = (this.#output + text).slice(-LOG_CHARACTERS);
  }

  /** @throws with the end of what it wrote where it does not serve in time. */
  async start() {
    this.launch();
    await this.isReady();
  }

  async isReady(ms = START_MS) {
    for (const end = performance.now() + ms; ; await sleep(20)) {
      // What it says itself comes first: while it was away somebody else may have taken its port.
      if (this.#output.includes('Gatehouse is ready') && (await this.client.get('/health/ready')).status === 200) return;
      if (!this.isRunning && this.#output.includes('is taken')) this.launch();
      // It may have ended before all that it said has come here.
      if ((this.isRunning || !this.#hasSaidAll) && performance.now() < end) continue;
      const { exitCode, signalCode } = this.#child;
      const why = this.isRunning ? 'in time' : `and ended (${exitCode ?? signalCode})`;
      throw new Error(`Gatehouse does not serve ${why}:\n${this.#output.slice(-1500)}`);
    }
  }

  /** Ends it without a word, as a lack of memory or a loss of power would. */
  async kill() {
    await this.#end('SIGKILL');
  }

  /** Ends it as an orchestrator does; gives the exit code. */
  async stop() {
    const timer = setTimeout(() => this.#child?.kill('SIGKILL'), STOP_MS);
    const code = await this.#end('SIGTERM');
    clearTimeout(timer);
    return code;
  }

  async #end(signal) {
    const child = this.#child;
    if (!child) return 0;
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit');
      child.kill(signal);
      await ended;
    }
    await this.client.reconnect();
    return child.exitCode;
  }

  /** What it holds after the garbage is collected, in bytes. */
  memory() {
    return this.#ask('memory');
  }

  residentMemory() {
    return this.#ask('peak');
  }

  shiftClock(ms) {
    return this.#ask('shiftClock', ms);
  }

  unhandledRejections() {
    return this.#ask('rejections');
  }

  /** Runs `gatehouse …` on the same database; gives its exit code and what it wrote. */
  async run(...args) {
    const child = spawn(process.execPath, ['dist/src/cli/main.js', ...args], { env: this.#env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data));
    const [code] = await once(child, 'close');
    return { code, output: output.trim() };
  }

  #ask(what, value) {
    const id = this.#asked++;
    return new Promise((resolve) => {
      this.#answers.set(id, resolve);
      this.#child.send({ id, what, value });
    });
  }
}
