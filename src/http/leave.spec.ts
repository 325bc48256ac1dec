import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Drain } from '../common/drain.js';
import { leave } from './leave.js';

describe('leaving', () => {
  let server: Server;
  let steps: [isListening: boolean, endsConnections: boolean][];
  let drain: Drain;
  beforeEach(async () => {
    server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    steps = [];
    drain = new (class extends Drain {
      override leave(): void {
        super.leave();
        steps.push([server.listening, this.endsConnections]);
      }
      override keepConnections(): void {
        super.keepConnections();
        steps.push([server.listening, this.endsConnections]);
      }
    })();
  });
  afterEach(() => void server.close());

  it('ends connections first, keeps them before it stops to listen, so that few are made then, and ends them afterwards', async () => {
    await leave(server, drain, { delayMs: 20, hurry: new AbortController().signal });
    expect(steps).toEqual([
      [true, true],
      [true, false],
      [false, true],
    ]);
    expect([drain.isLeaving, drain.isDraining]).toEqual([true, false]);
  });

  it('goes through the same at once where somebody is in a hurry', async () => {
    const began = performance.now();
    await leave(server, drain, { delayMs: 600_000, hurry: AbortSignal.abort() });
    expect(performance.now() - began).toBeLessThan(300_000);
    expect(steps.map(([isListening]) => isListening)).toEqual([true, true, false]);
  });
});
