import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { DURATION_BOUNDS, type DurationTally } from '../common/tally.js';

type Labels = Readonly<Record<string, string | number>>;

/** A value of a metric, and which one of its values it is. */
export interface Sample {
  readonly labels?: Labels;
  readonly value: number;
}

/** The durations of one kind of thing. */
export interface Durations {
  readonly labels: Labels;
  readonly tally: DurationTally;
}

export interface Description {
  readonly name: string;
  readonly help: string;
  /** Each with values from a bounded set: never a client, never what somebody sent. */
  readonly labels?: readonly string[];
}

/** Often enough to see what stalls a request, and seldom enough to cost an idle process nothing. */
const EVENT_LOOP_MS = 20;

/**
 * Says in the words of Prometheus what others count. Nothing is copied before somebody asks: on the way of a request there are
 * plain numbers only.
 */
export class Exposition {
  private readonly registry = new Registry();

  get contentType(): string {
    return this.registry.contentType;
  }

  get names(): readonly string[] {
    return this.registry.getMetricsAsArray().map(({ name }) => name);
  }

  text(): Promise<string> {
    return this.registry.metrics();
  }

  /** What the process and its runtime do: memory, processor, event loop, garbage. */
  addProcess(): void {
    collectDefaultMetrics({ register: this.registry, eventLoopMonitoringPrecision: EVENT_LOOP_MS });
  }

  /** Something that only grows. */
  counter({ name, help, labels = [] }: Description, read: () => Iterable<Sample>): void {
    this.registry.registerMetric(
      new Counter({
        name,
        help,
        labelNames: labels,
        registers: [],
        collect() {
          this.reset();
          for (const sample of read()) this.inc({ ...sample.labels }, sample.value);
        },
      }),
    );
  }

  /** Something as it is now. */
  gauge({ name, help, labels = [] }: Description, read: () => Iterable<Sample>): void {
    this.registry.registerMetric(
      new Gauge({
        name,
        help,
        labelNames: labels,
        registers: [],
        collect() {
          this.reset();
          for (const sample of read()) this.set({ ...sample.labels }, sample.value);
        },
      }),
    );
  }

  /** How long something takes, in seconds. */
  histogram(description: Description, read: () => Iterable<Durations>): void {
    this.registry.registerMetric(new TalliedHistogram(description, read));
  }
}

type Told = Awaited<ReturnType<Histogram['get']>>;

/** A histogram whose buckets somebody else fills. */
class TalliedHistogram extends Histogram {
  constructor(
    private readonly description: Description,
    private readonly read: () => Iterable<Durations>,
  ) {
    const { name, help, labels = [] } = description;
    super({ name, help, labelNames: labels, buckets: [...DURATION_BOUNDS], registers: [] });
  }

  override get(): Promise<Told> {
    const { name, help } = this.description;
    const values = [...this.read()].flatMap((durations) => samplesOf(name, durations));
    // As the registry writes it, which knows a type by its name.
    return Promise.resolve({
      name,
      help,
      type: 'histogram' as unknown as Told['type'],
      aggregator: 'sum',
      values,
      collect: () => undefined,
    });
  }

  /** The registry asks a histogram in this way, if it can. */
  getForPromString(): Promise<Told> {
    return this.get();
  }
}

function samplesOf(name: string, { labels, tally }: Durations): Told['values'] {
  const counts = tally.cumulative();
  const metricName = `${name}_bucket`;
  return [
    ...DURATION_BOUNDS.map((le, i) => ({ metricName, labels: { ...labels, le }, value: counts[i] ?? 0 })),
    { metricName, labels: { ...labels, le: '+Inf' }, value: tally.count },
    { metricName: `${name}_sum`, labels, value: tally.sum },
    { metricName: `${name}_count`, labels, value: tally.count },
  ];
}
