type End = () => void;

/** The event streams that callers have open, each of which can be ended from our side. */
export class OpenStreams {
  private readonly ends = new Map<string, Set<End>>();

  /** Follows the stream of an answer until either side ends it. Other answers pass as they are. */
  track(owner: string, response: Response): Response {
    const { body, status, headers } = response;
    if (!body || !headers.get('content-type')?.startsWith('text/event-stream')) return response;
    return new Response(this.follow(owner, body), { status, headers });
  }

  get size(): number {
    return [...this.ends.values()].reduce((sum, { size }) => sum + size, 0);
  }

  endOf(owner: string): void {
    for (const end of [...(this.ends.get(owner) ?? [])]) end();
  }

  endAll(): void {
    for (const owner of [...this.ends.keys()]) this.endOf(owner);
  }

  private follow(owner: string, body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
    const reader = body.getReader();
    const stop = (): void => {
      this.forget(owner, end);
      reader.cancel().catch(() => undefined); // it has ended by itself already
    };
    let sink: ReadableStreamDefaultController<Uint8Array> | undefined;
    const end: End = () => {
      stop();
      sink?.close();
      sink = undefined;
    };
    this.remember(owner, end);
    return new ReadableStream<Uint8Array>({
      start: (controller) => void (sink = controller),
      pull: async (controller) => {
        try {
          const { done, value } = await reader.read();
          if (!done) return sink && controller.enqueue(value);
          end();
        } catch (error) {
          if (!sink) return;
          sink = undefined;
          stop();
          controller.error(error);
        }
      },
      cancel: () => {
        sink = undefined;
        stop();
      },
    });
  }

  private remember(owner: string, end: End): void {
    const ends = this.ends.get(owner) ?? new Set();
    this.ends.set(owner, ends.add(end));
  }

  private forget(owner: string, end: End): void {
    const ends = this.ends.get(owner);
    ends?.delete(end);
    if (ends?.size === 0) this.ends.delete(owner);
  }
}
