import {
  Client,
  ClientCredentialsProvider,
  StreamableHTTPClientTransport,
  type VersionNegotiationOptions,
} from '@modelcontextprotocol/client';
import { ClientCredentialsProvider as OldProvider } from '@modelcontextprotocol/sdk/client/auth-extensions.js';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { CreateMessageRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import type { NewCredential } from './gatehouse.js';

const INFO = { name: 'test-client', version: '1.0.0' };
const SAMPLED = { role: 'assistant', content: { type: 'text', text: 'sampled' }, model: 'none' } as const;

/** What an answer to `tools/call` holds, whichever client read it. */
export interface ToolResult {
  readonly isError?: boolean | undefined;
  readonly content?: unknown;
  readonly structuredContent?: unknown;
}

/** A connected client, whichever SDK made it; it can sample. */
export interface OfficialClient {
  readonly version: string | undefined;
  tools(): Promise<string[]>;
  call(name: string, args: Record<string, unknown>, onProgress?: (progress: number) => void): Promise<ToolResult>;
  prompts(): Promise<string[]>;
  prompt(name: string, args: Record<string, string>): Promise<unknown>;
  resources(): Promise<string[]>;
  read(uri: string): Promise<unknown>;
  complete(prompt: string, argument: { name: string; value: string }): Promise<string[]>;
  close(): Promise<void>;
}

export interface Target {
  readonly url: string;
  readonly issuer: string;
  readonly credential: Pick<NewCredential, 'clientId' | 'clientSecret'>;
}

export type Connect = (target: Target) => Promise<OfficialClient>;

const connectNew =
  (mode: NonNullable<VersionNegotiationOptions['mode']>): Connect =>
  async ({ url, issuer, credential: { clientId, clientSecret } }) => {
    const client = new Client(INFO, { versionNegotiation: { mode }, capabilities: { sampling: {} } });
    client.setRequestHandler('sampling/createMessage', () => SAMPLED);
    const authProvider = new ClientCredentialsProvider({ clientId, clientSecret, expectedIssuer: issuer });
    await client.connect(new StreamableHTTPClientTransport(new URL(url), { authProvider }));
    return {
      version: client.getNegotiatedProtocolVersion(),
      tools: async () => (await client.listTools()).tools.map(({ name }) => name),
      call: (name, args, onProgress) =>
        client.callTool({ name, arguments: args }, onProgress ? { onprogress: ({ progress }) => onProgress(progress) } : {}),
      prompts: async () => (await client.listPrompts()).prompts.map(({ name }) => name),
      prompt: async (name, args) => (await client.getPrompt({ name, arguments: args })).messages,
      resources: async () => (await client.listResources()).resources.map(({ uri }) => uri),
      read: async (uri) => (await client.readResource({ uri })).contents,
      complete: async (name, argument) => (await client.complete({ ref: { type: 'ref/prompt', name }, argument })).completion.values,
      close: () => client.close(),
    };
  };

const connectOld: Connect = async ({ url, issuer, credential: { clientId, clientSecret } }) => {
  const client = new OldClient(INFO, { capabilities: { sampling: {} } });
  client.setRequestHandler(CreateMessageRequestSchema, () => SAMPLED);
  const authProvider = new OldProvider({ clientId, clientSecret, expectedIssuer: issuer });
  const transport = new OldTransport(new URL(url), { authProvider });
  await client.connect(transport);
  return {
    version: transport.protocolVersion,
    tools: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: async (name, args, onProgress) =>
      (await client.callTool(
        { name, arguments: args },
        undefined,
        onProgress ? { onprogress: ({ progress }) => onProgress(progress) } : {},
      )) as ToolResult,
    prompts: async () => (await client.listPrompts()).prompts.map(({ name }) => name),
    prompt: async (name, args) => (await client.getPrompt({ name, arguments: args })).messages,
    resources: async () => (await client.listResources()).resources.map(({ uri }) => uri),
    read: async (uri) => (await client.readResource({ uri })).contents,
    complete: async (name, argument) => (await client.complete({ ref: { type: 'ref/prompt', name }, argument })).completion.values,
    close: () => client.close(),
  };
};

/** The official clients of both lines, and the version that each ends up with. */
export const OFFICIAL_CLIENTS: readonly (readonly [name: string, connect: Connect, version: string])[] = [
  ['SDK 1', connectOld, '2025-11-25'],
  ['SDK 2, legacy', connectNew('legacy'), '2025-11-25'],
  ['SDK 2, automatic', connectNew('auto'), '2026-07-28'],
  ['SDK 2, pinned to 2026-07-28', connectNew({ pin: '2026-07-28' }), '2026-07-28'],
];
