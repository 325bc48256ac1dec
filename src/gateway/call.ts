import type { Operation } from '../protocol/exchange.js';
import type { ServerState } from '../servers/server-state.js';
import type { HttpCall } from './http-call.js';
import type { Connection } from './http-exchange.js';
import type { Principal } from './principal.js';
import type { ReadMessage } from './read-message.js';

/** Which of a server's two doors a call came through. */
export type Face = 'authenticated' | 'public';

/** One HTTP request to a server, and who makes it. */
export interface Call {
  readonly http: HttpCall;
  readonly connection: Connection;
  readonly server: ServerState;
  /** Undefined on the public face. */
  readonly principal: Principal | undefined;
}

/** Who holds the streams and the sessions that a call opens. */
export const PUBLIC_OWNER = 'public';
export const ownerOf = (call: Pick<Call, 'principal'>): string => call.principal?.credential.id ?? PUBLIC_OWNER;

const LISTEN = 'subscriptions/listen';
export const isListen = ({ operations }: Pick<ReadMessage, 'operations'>): boolean => operations[0]?.method === LISTEN;

/** Whether the answer is a stream that stays open until somebody ends it. */
export const staysOpen = (call: Call, read: ReadMessage): boolean => call.http.method === 'GET' || isListen(read);

export const isToolCall = (operation: Operation): boolean => operation.method === 'tools/call';
