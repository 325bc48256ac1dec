import { Injectable, Logger } from '@nestjs/common';
import { Tally } from '../common/tally.js';

/** Counts the spans that have arrived and those that have not, and says so when that changes. */
@Injectable()
export class TraceExports {
  readonly arrived = new Tally();
  readonly lost = new Tally();
  private readonly logger = new Logger('Tracing');
  private isAway = false;

  note(spans: number, hasArrived: boolean): void {
    (hasArrived ? this.arrived : this.lost).add(spans);
    if (this.isAway === !hasArrived) return;
    this.isAway = !hasArrived;
    if (this.isAway) this.logger.warn('The receiver of traces does not take them: they are lost until it does.');
    else this.logger.log('The receiver of traces takes them again.');
  }
}
