/** Bodies to try in Swagger UI: one of every kind of upstream and of sign-in. */
const SCOPES = [{ name: 'files:read', description: 'Read files', permissions: ['tools/call:read_*', 'tools/call:list_*'], default: true }];

export const CREATE_EXAMPLES = {
  http: {
    summary: 'http, with a bearer token',
    value: {
      slug: 'files',
      name: 'Files',
      upstream: { kind: 'http', url: 'https://mcp.example.com/mcp', auth: { type: 'bearer', token: 'upstream-token' } },
      scopes: SCOPES,
    },
  },
  headers: {
    summary: 'http, with headers of its own',
    value: {
      slug: 'search',
      name: 'Search',
      upstream: {
        kind: 'http',
        url: 'https://search.example.com/mcp',
        auth: { type: 'headers', headers: { 'x-api-key': 'upstream-key' } },
      },
      scopes: [{ name: 'search', permissions: ['tools/call:*'], default: true }],
      limits: { perCredential: 1000, timeoutSeconds: 30 },
    },
  },
  client_credentials: {
    summary: 'http, with client_credentials',
    value: {
      slug: 'tickets',
      name: 'Tickets',
      upstream: {
        kind: 'http',
        url: 'https://tickets.example.com/mcp',
        auth: {
          type: 'client_credentials',
          tokenUrl: 'https://login.example.com/oauth/token',
          clientId: 'gatehouse',
          clientSecret: 'upstream-secret',
          resource: 'https://tickets.example.com/mcp',
        },
      },
      scopes: [{ name: 'tickets:read', permissions: ['tools/call:get_*', 'resources/read:ticket://*'], default: true }],
    },
  },
  token_exchange: {
    summary: 'http, on behalf of the caller (RFC 8693)',
    value: {
      slug: 'ledger',
      name: 'Ledger',
      upstream: {
        kind: 'http',
        url: 'https://ledger.example.com/mcp',
        auth: {
          type: 'token_exchange',
          tokenUrl: 'https://login.example.com/oauth/token',
          clientId: 'gatehouse',
          clientSecret: 'upstream-secret',
          audience: 'https://ledger.example.com/mcp',
        },
      },
      scopes: [
        {
          name: 'ledger:small',
          description: 'Book up to 100',
          permissions: ['tools/call:get_*', { permission: 'tools/call:book', arguments: { amount: { min: 0, max: 100 } } }],
          default: true,
        },
      ],
    },
  },
  stdio: {
    summary: 'stdio, a command from STDIO_COMMANDS_FILE',
    value: {
      slug: 'memory',
      name: 'Memory',
      upstream: { kind: 'stdio', command: 'memory', env: { API_KEY: 'upstream-key' } },
      scopes: [{ name: 'memory', permissions: ['tools/call:*'], default: true }],
    },
  },
  docs: {
    summary: 'docs, a folder of Markdown',
    value: {
      slug: 'handbook',
      name: 'Handbook',
      access: 'both',
      upstream: { kind: 'docs', dir: 'handbook' },
      scopes: [{ name: 'mcp:search', permissions: ['tools/call:search_*', 'tools/call:read_*'], default: true }],
    },
  },
  docs_git: {
    summary: 'docs, a Git repository of Markdown',
    value: {
      slug: 'manual',
      name: 'Manual',
      access: 'authenticated',
      upstream: {
        kind: 'docs',
        git: { url: 'https://git.example.com/manual.git', branch: 'main', path: 'docs', auth: { token: 'access-token' } },
      },
      scopes: [{ name: 'mcp:search', permissions: ['tools/call:search_*', 'tools/call:read_*'], default: true }],
    },
  },
  group: {
    summary: 'group, several servers as one',
    value: {
      slug: 'everything',
      name: 'Everything',
      upstream: { kind: 'group', members: [{ server: 'docs' }, { server: 'files', prefix: 'files_' }] },
      scopes: [{ name: 'everything', permissions: ['*'], default: true }],
    },
  },
};

export const UPDATE_EXAMPLES = {
  token: {
    summary: 'Write another token, leave the rest',
    value: { upstream: { kind: 'http', auth: { type: 'bearer', token: 'next-token' } } },
  },
  scopes: { summary: 'Replace the scopes', value: { scopes: SCOPES } },
  limits: { summary: 'Set one limit, lift another', value: { limits: { perCredential: 500, perTool: null } } },
  default: { summary: 'Make it the default server', value: { isDefault: true } },
};
