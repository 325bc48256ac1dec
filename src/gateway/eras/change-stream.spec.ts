import { Readable } from 'node:stream';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { UpstreamAnswer } from '../../protocol/exchange.js';
import { ChangeStream } from './change-stream.js';

const opened: Readable[] = [];
afterEach(() => opened.splice(0).forEach((body) => body.destroy()));

/** A stream that a test opens when it wants to. */
function makeStream(): { changes: ChangeStream; answer: () => void } {
  const waiting: ((answer: UpstreamAnswer) => void)[] = [];
  const get = (): Promise<UpstreamAnswer> => new Promise((resolve) => waiting.push(resolve));
  const changes = new ChangeStream({ get, onRequest: () => undefined, onLost: () => undefined });
  const answer = (): void => {
    const body = new Readable({ read: () => undefined });
    body.on('error', () => undefined);
    opened.push(body);
    waiting.shift()?.({ status: 200, headers: { 'content-type': 'text/event-stream' }, body });
  };
  return { changes, answer };
}

const listener = (heard: string[] = []) => ({
  onNotification: ({ method }: { method: string }) => void heard.push(method),
  onEnd: () => undefined,
});
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the stream of changes of a session', () => {
  it('that opens when nobody listens any more is closed', async () => {
    const { changes, answer } = makeStream();
    const added = changes.add(listener(), new AbortController().signal);
    changes.close();
    answer();
    await settled();
    expect(opened[0]?.destroyed).toBe(true);
    answer(); // it is asked anew for the one who listens still
    expect(await added).toBe(true);
    expect(opened[1]?.destroyed).toBe(false);
    changes.close();
  });

  it('stays for who came while another left', async () => {
    const { changes, answer } = makeStream();
    const leaving = new AbortController();
    const heard: string[] = [];
    const first = changes.add(listener(), leaving.signal).then(() => leaving.abort());
    const second = changes.add(listener(heard), new AbortController().signal);
    answer();
    await Promise.all([first, second]);
    await settled();
    opened[0]?.push('data: {"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n\n');
    await settled();
    await settled();
    expect(heard).toEqual(['notifications/tools/list_changed']);
    changes.close();
  });
});
