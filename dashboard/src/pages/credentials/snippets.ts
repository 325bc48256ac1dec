import type { AuthMethod } from '../../api/credentials.js';

/** What the snippets are filled with. */
export interface SnippetValues {
  readonly method: AuthMethod;
  readonly clientId: string;
  /** Only right after it was made. */
  readonly clientSecret: string | undefined;
  /** The server's canonical URL. */
  readonly resource: string;
  readonly serverSlug: string;
}

export interface Snippet {
  readonly id: string;
  readonly label: string;
  readonly about: string;
  readonly text: string;
}

const VERSION = '2026-07-28';
const LIST = `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"${VERSION}","io.modelcontextprotocol/clientCapabilities":{}}}}`;
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

const issuerOf = (resource: string): string => `${new URL(resource).origin}/authed/mcp`;
const tokenUrlOf = (resource: string): string => `${issuerOf(resource)}/oauth/token`;

const listCall = (resource: string, indent = ''): string =>
  [
    `curl -sS --fail-with-body ${resource} -H "Authorization: Bearer $TOKEN" \\`,
    `  -H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' \\`,
    `  -H 'MCP-Protocol-Version: ${VERSION}' -H 'Mcp-Method: tools/list' \\`,
    `  -d '${LIST}'`,
  ].join(`\n${indent}`);

/** Ready-made beginnings for a credential, as its method allows. */
export function snippetsFor(values: SnippetValues): readonly Snippet[] {
  switch (values.method) {
    case 'client_secret':
      return [
        curl(values),
        typescript(values),
        python(values),
        claudeCode(values),
        staticHeader(values),
        githubSecret(values),
        gitlabSecret(values),
      ];
    case 'private_key_jwt':
      return [curlKey(values), typescriptKey(values), pythonKey(values)];
    case 'workload_identity':
      return [githubIdentity(values), gitlabIdentity(values), curlIdentity(values)];
    case 'tls_client_auth':
    case 'self_signed_tls_client_auth':
      return [curlCertificate(values)];
  }
}

const secretOf = ({ clientSecret }: SnippetValues): string => clientSecret ?? '$CLIENT_SECRET';

function tokenByCurl(values: SnippetValues): string {
  const { clientId, resource } = values;
  return [
    `TOKEN=$(curl -sS --fail-with-body -u "${clientId}:${secretOf(values)}" \\`,
    `  -d grant_type=client_credentials -d resource=${resource} \\`,
    `  ${tokenUrlOf(resource)} | jq -r .access_token)`,
  ].join('\n');
}

const curl = (values: SnippetValues): Snippet => ({
  id: 'curl',
  label: 'curl',
  about: 'Gets a token, then lists the tools that it may call.',
  text: `${tokenByCurl(values)}\n\n${listCall(values.resource)}`,
});

const typescript = (values: SnippetValues): Snippet => ({
  id: 'typescript',
  label: 'TypeScript',
  about: 'npm install @modelcontextprotocol/client. It finds everything else by itself, and asks for a new token when one ends.',
  text: `import { Client, ClientCredentialsProvider, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

const authProvider = new ClientCredentialsProvider({
  clientId: '${values.clientId}',
  clientSecret: ${values.clientSecret ? `'${values.clientSecret}'` : 'process.env.CLIENT_SECRET'},
  expectedIssuer: '${issuerOf(values.resource)}',
});
const client = new Client({ name: 'my-client', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } });
await client.connect(new StreamableHTTPClientTransport(new URL('${values.resource}'), { authProvider }));
console.log((await client.listTools()).tools.map((tool) => tool.name));
await client.close();`,
});

const PYTHON_STORAGE = `class InMemory:
    tokens = client = None

    async def get_tokens(self): return self.tokens
    async def set_tokens(self, tokens): self.tokens = tokens
    async def get_client_info(self): return self.client
    async def set_client_info(self, client): self.client = client`;

const pythonMain = (resource: string): string => `
async def main():
    async with create_mcp_http_client(auth=auth) as http:
        async with streamable_http_client("${resource}", http_client=http) as (read, write, *_):
            async with ClientSession(read, write) as session:
                await session.initialize()
                print([tool.name for tool in (await session.list_tools()).tools])

asyncio.run(main())`;

const PYTHON_IMPORTS = `from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client`;

const python = (values: SnippetValues): Snippet => ({
  id: 'python',
  label: 'Python',
  about: 'pip install mcp',
  text: `import asyncio
${values.clientSecret ? '' : 'import os\n'}${PYTHON_IMPORTS}
from mcp.client.auth.extensions.client_credentials import ClientCredentialsOAuthProvider

${PYTHON_STORAGE}

auth = ClientCredentialsOAuthProvider(
    server_url="${values.resource}",
    storage=InMemory(),
    client_id="${values.clientId}",
    client_secret=${values.clientSecret ? `"${values.clientSecret}"` : 'os.environ["CLIENT_SECRET"]'},
    issuer="${issuerOf(values.resource)}",
)
${pythonMain(values.resource)}`,
});

const claudeCode = (values: SnippetValues): Snippet => ({
  id: 'claude-code',
  label: 'Claude Code',
  about: 'It sends a fixed header: give this credential a token that lives long enough (14 days at most), and run this again when it ends.',
  text: `${tokenByCurl(values)}

claude mcp add --transport http ${values.serverSlug} ${values.resource} --header "Authorization: Bearer $TOKEN"`,
});

const staticHeader = (values: SnippetValues): Snippet => ({
  id: 'header',
  label: 'Other clients',
  about: 'For a client with a configuration of its own: put the token of the first lines where it says TOKEN.',
  text: `# ${tokenByCurl(values).split('\n').join('\n# ')}
{
  "mcpServers": {
    "${values.serverSlug}": {
      "type": "http",
      "url": "${values.resource}",
      "headers": { "Authorization": "Bearer TOKEN" }
    }
  }
}`,
});

const githubSecret = ({ clientId, clientSecret, resource }: SnippetValues): Snippet => ({
  id: 'github',
  label: 'GitHub Actions',
  about: 'Stores the secret with the repository. With the method “Workload identity” there is nothing to store.',
  text: `# Once: gh secret set GATEHOUSE_SECRET --body '${clientSecret ?? '…'}'
name: ask
on: [push]
jobs:
  ask:
    runs-on: ubuntu-latest
    steps:
      - name: Call the MCP server
        env:
          CLIENT_SECRET: \${{ secrets.GATEHOUSE_SECRET }}
        run: |
          TOKEN=$(curl -sS --fail-with-body -u "${clientId}:$CLIENT_SECRET" \\
            -d grant_type=client_credentials -d resource=${resource} \\
            ${tokenUrlOf(resource)} | jq -r .access_token)
          echo "::add-mask::$TOKEN"
          ${listCall(resource, '          ')}`,
});

const gitlabSecret = ({ clientId, resource }: SnippetValues): Snippet => ({
  id: 'gitlab',
  label: 'GitLab CI',
  about: 'Store the secret as the masked variable GATEHOUSE_SECRET (Settings → CI/CD → Variables).',
  text: `ask:
  image: alpine:3
  script:
    - apk add --no-cache curl jq
    - |
      TOKEN=$(curl -sS --fail-with-body -u "${clientId}:$GATEHOUSE_SECRET" \\
        -d grant_type=client_credentials -d resource=${resource} \\
        ${tokenUrlOf(resource)} | jq -r .access_token)
    - |
      ${listCall(resource, '      ')}`,
});

const curlKey = ({ clientId, resource }: SnippetValues): Snippet => ({
  id: 'curl',
  label: 'curl',
  about: 'ASSERTION is a JWT that the client signed: iss and sub are the client id, aud is the issuer, exp is near.',
  text: `# iss, sub: ${clientId}
# aud:      ${issuerOf(resource)}
TOKEN=$(curl -sS --fail-with-body ${tokenUrlOf(resource)} \\
  -d grant_type=client_credentials -d resource=${resource} \\
  -d client_assertion_type=${ASSERTION_TYPE} \\
  --data-urlencode client_assertion="$ASSERTION" | jq -r .access_token)

${listCall(resource)}`,
});

const typescriptKey = ({ clientId, resource }: SnippetValues): Snippet => ({
  id: 'typescript',
  label: 'TypeScript',
  about: 'npm install @modelcontextprotocol/client',
  text: `import { readFileSync } from 'node:fs';
import { Client, PrivateKeyJwtProvider, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

const authProvider = new PrivateKeyJwtProvider({
  clientId: '${clientId}',
  privateKey: readFileSync('private-key.pem', 'utf8'),
  algorithm: 'ES256',
  expectedIssuer: '${issuerOf(resource)}',
});
const client = new Client({ name: 'my-client', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } });
await client.connect(new StreamableHTTPClientTransport(new URL('${resource}'), { authProvider }));
console.log((await client.listTools()).tools.map((tool) => tool.name));
await client.close();`,
});

const pythonKey = ({ clientId, resource }: SnippetValues): Snippet => ({
  id: 'python',
  label: 'Python',
  about: 'pip install mcp',
  text: `import asyncio
from pathlib import Path
${PYTHON_IMPORTS}
from mcp.client.auth.extensions.client_credentials import PrivateKeyJWTOAuthProvider, SignedJWTParameters

${PYTHON_STORAGE}

signer = SignedJWTParameters(
    issuer="${clientId}",
    subject="${clientId}",
    signing_key=Path("private-key.pem").read_text(),
    signing_algorithm="ES256",
)
auth = PrivateKeyJWTOAuthProvider(
    server_url="${resource}",
    storage=InMemory(),
    client_id="${clientId}",
    assertion_provider=signer.create_assertion_provider(),
    issuer="${issuerOf(resource)}",
)
${pythonMain(resource)}`,
});

const exchange = (resource: string, token: string, indent: string): string =>
  [
    `TOKEN=$(curl -sS --fail-with-body ${tokenUrlOf(resource)} \\`,
    `  -d grant_type=${JWT_BEARER} -d resource=${resource} \\`,
    `  --data-urlencode assertion="${token}" | jq -r .access_token)`,
  ].join(`\n${indent}`);

const githubIdentity = ({ resource }: SnippetValues): Snippet => ({
  id: 'github',
  label: 'GitHub Actions',
  about: 'Nothing to store: the job proves which job it is.',
  text: `name: ask
on:
  push:
    branches: [main]
permissions:
  contents: read
  id-token: write # lets the job ask GitHub for its OIDC token
jobs:
  ask:
    runs-on: ubuntu-latest
    steps:
      - name: Call the MCP server
        run: |
          oidc=$(curl -sSf -H "Authorization: bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" \\
            "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=${issuerOf(resource)}" | jq -r .value)
          ${exchange(resource, '$oidc', '          ')}
          echo "::add-mask::$TOKEN"
          ${listCall(resource, '          ')}`,
});

const gitlabIdentity = ({ resource }: SnippetValues): Snippet => ({
  id: 'gitlab',
  label: 'GitLab CI',
  about: 'Nothing to store: the job proves which job it is.',
  text: `ask:
  image: alpine:3
  id_tokens:
    OIDC_TOKEN:
      aud: ${issuerOf(resource)}
  script:
    - apk add --no-cache curl jq
    - |
      ${exchange(resource, '$OIDC_TOKEN', '      ')}
    - |
      ${listCall(resource, '      ')}`,
});

const curlIdentity = ({ resource }: SnippetValues): Snippet => ({
  id: 'curl',
  label: 'curl',
  about: 'OIDC_TOKEN is the platform’s token, made for the issuer identifier below.',
  text: `# aud: ${issuerOf(resource)}
${exchange(resource, '$OIDC_TOKEN', '')}

${listCall(resource)}`,
});

const curlCertificate = ({ clientId, resource }: SnippetValues): Snippet => ({
  id: 'curl',
  label: 'curl',
  about: 'The certificate goes with both requests where tokens are bound to it.',
  text: `TOKEN=$(curl -sS --fail-with-body --cert client.pem --key client.key ${tokenUrlOf(resource)} \\
  -d grant_type=client_credentials -d client_id=${clientId} -d resource=${resource} | jq -r .access_token)

${listCall(resource)}`,
});
