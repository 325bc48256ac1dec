import { Logger } from '@nestjs/common';
import type { TestGatehouse } from './gatehouse.js';

/** What the audit trail tells of a refused request for a token. */
export interface Refusal {
  readonly error: string;
  readonly reason: string;
}

/**
 * The refusals of a client id at the token endpoint, oldest first, once there are as many as `count`.
 * @throws when it does not come to that within 20 s, which a busy machine may need.
 */
export async function refusalsOf(gatehouse: TestGatehouse, clientId: string, count: number): Promise<Refusal[]> {
  const deadline = performance.now() + 20_000;
  for (;;) {
    await gatehouse.flush();
    const { json } = await gatehouse.admin(`/events?kind=token.refused&credential=${clientId}&limit=200`);
    const refusals = (json['items'] as { detail: Refusal }[]).map(({ detail: { error, reason } }) => ({ error, reason })).reverse();
    if (refusals.length >= count) return refusals;
    if (performance.now() > deadline) throw new Error(`The trail has ${refusals.length} refusals of the client, not ${count}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The private reasons only. */
export const reasonsOf = async (...parameters: Parameters<typeof refusalsOf>): Promise<string[]> =>
  (await refusalsOf(...parameters)).map(({ reason }) => reason);

/** Gathers what every gatehouse of the process logs from now on, whatever its level. */
export function gatherLog(): string[] {
  const lines: string[] = [];
  const add = (...parts: unknown[]): void => void lines.push(parts.map(String).join(' '));
  Logger.overrideLogger({ log: add, warn: add, error: add });
  return lines;
}
