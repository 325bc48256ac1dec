// node bench/fill.mjs FILE COUNT: puts COUNT credentials with one secret each into a stopped installation's SQLite file.
import { randomBytes } from 'node:crypto';
import Database from 'better-sqlite3';
import { monotonicFactory } from 'ulid';

const [file, count] = process.argv.slice(2);
const db = new Database(file);
const credential = db.prepare(
  'INSERT INTO credentials (id, clientId, label, authMethod, isEnabled, servers, createdAt, createdBy, updatedAt, version) VALUES (?, ?, ?, ?, 1, ?, ?, ?, ?, 1)',
);
const secret = db.prepare('INSERT INTO client_secrets (id, credentialId, digest, hint, createdAt) VALUES (?, ?, ?, ?, ?)');
const ulid = monotonicFactory();
const now = Date.now();
db.transaction(() => {
  for (let i = 0; i < Number(count); i++) {
    const id = ulid();
    credential.run(id, `mcc_${ulid().toLowerCase()}`, `filler ${i}`, 'client_secret', '["docs"]', now, 'bench', now);
    secret.run(ulid(), id, randomBytes(32).toString('hex'), 'fill', now);
  }
})();
db.close();
