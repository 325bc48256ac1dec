// The least that a client_credentials endpoint in Node could do: form, digest, comparison, ES256 signature. No framework, no database.
import { createHmac, generateKeyPairSync, randomBytes, randomUUID, sign, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';

const { PORT, CLIENT_ID, CLIENT_SECRET } = process.env;
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pepper = randomBytes(32);
const digest = (secret) => createHmac('sha256', pepper).update(secret).digest();
const clients = new Map([[CLIENT_ID, digest(CLIENT_SECRET)]]);
const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const header = encode({ alg: 'ES256', typ: 'at+jwt', kid: 'limit' });

function mint(id) {
  const iat = Math.floor(Date.now() / 1000);
  const input = `${header}.${encode({ iss: 'http://127.0.0.1', aud: 'urn:limit', sub: id, client_id: id, scope: 'mcp:read', jti: randomUUID(), iat, exp: iat + 3600 })}`;
  return `${input}.${sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    const form = new URLSearchParams(Buffer.concat(parts).toString());
    const [id, secret] = Buffer.from((request.headers.authorization ?? '').slice(6), 'base64')
      .toString()
      .split(':');
    const known = clients.get(decodeURIComponent(id));
    const isRight = known && timingSafeEqual(known, digest(decodeURIComponent(secret)));
    const isValid = isRight && form.get('grant_type') === 'client_credentials';
    const text = JSON.stringify(
      isValid ? { access_token: mint(id), token_type: 'Bearer', expires_in: 3600, scope: 'mcp:read' } : { error: 'invalid_client' },
    );
    response.writeHead(isValid ? 200 : 401, {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'content-length': Buffer.byteLength(text),
    });
    response.end(text);
  });
}).listen(Number(PORT), '127.0.0.1');
