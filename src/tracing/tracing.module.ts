import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { TraceExports } from './trace-exports.service.js';
import { TRACING, type Tracing } from './tracing.js';

/** Loaded where traces are wanted only: who makes none starts no later and holds no more for it. */
async function open({ tracing }: Config, exports: TraceExports): Promise<Tracing | undefined> {
  if (!tracing) return undefined;
  const { openTracing } = await import('./open-telemetry.js');
  return openTracing(tracing, (spans, hasArrived) => exports.note(spans, hasArrived));
}

/** Traces of what is done, for a receiver of OpenTelemetry. */
@Global()
@Module({
  providers: [TraceExports, { provide: TRACING, inject: [CONFIG, TraceExports], useFactory: open }],
  exports: [TraceExports, TRACING],
})
export class TracingModule implements OnApplicationShutdown {
  constructor(@Inject(TRACING) private readonly tracing: Tracing | undefined) {}

  async onApplicationShutdown(): Promise<void> {
    await this.tracing?.close();
  }
}
