// RATE requests a second for SECONDS, whatever becomes of those before; prints their latencies in milliseconds and their statuses as JSON.
// GUESSING=1: each with another client id and another secret, all wrong.
import { randomBytes } from 'node:crypto';
import { Agent, request } from 'node:http';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

const { URL: url, AUTHORIZATION: authorization, GUESSING: isGuessing } = process.env;
const [rate, seconds] = [Number(process.env.RATE), Number(process.env.SECONDS)];
const TICK_MS = 2;
const BODY = 'grant_type=client_credentials';

const agent = new Agent({ keepAlive: true, maxSockets: 64 });
const latencies = [];
const statuses = {};

const guess = () =>
  `Basic ${Buffer.from(`mcc_${randomBytes(16).toString('hex').slice(0, 26)}:mcs_${randomBytes(32).toString('hex')}`).toString('base64')}`;

/** Timed from when it was due: what waits behind a slow one waits, too. */
function send(due) {
  const headers = { authorization: isGuessing ? guess() : authorization, 'content-type': 'application/x-www-form-urlencoded' };
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', agent, headers }, (response) => {
      response.resume();
      response.once('end', () => {
        latencies.push(performance.now() - due);
        statuses[response.statusCode] = (statuses[response.statusCode] ?? 0) + 1;
        resolve();
      });
    });
    sent.once('error', reject);
    sent.end(BODY);
  });
}

const start = performance.now();
const underWay = [];
for (let count = 0; count < rate * seconds;) {
  const due = Math.floor(((performance.now() - start) / 1000) * rate);
  for (; count < Math.min(due, rate * seconds); count++) underWay.push(send(start + (count / rate) * 1000));
  await sleep(TICK_MS);
}
await Promise.all(underWay);
latencies.sort((a, b) => a - b);
const at = (share) => latencies[Math.floor(latencies.length * share)];
console.log(JSON.stringify({ p50: at(0.5), p99: at(0.99), statuses }));
process.exit(0);
