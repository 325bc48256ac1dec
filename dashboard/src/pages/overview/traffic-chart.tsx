import '@mantine/charts/styles.layer.css';
import { BarChart } from '@mantine/charts';
import { type ReactElement, useState } from 'react';
import { Button } from '@mantine/core';
import type { Overview, Point } from '../../api/overview.js';
import { formatCount } from '../../parts/times.js';

const HOUR = new Intl.DateTimeFormat('en', { hour: '2-digit', minute: '2-digit', hour12: false });
const DAY = new Intl.DateTimeFormat('en', { month: 'short', day: 'numeric', timeZone: 'UTC' });
const MOMENT = new Intl.DateTimeFormat('en', { weekday: 'short', hour: '2-digit', minute: '2-digit', hour12: false });

const SERIES = [
  { name: 'Calls', color: 'var(--gh-chart-1)' },
  { name: 'Refusals', color: 'var(--gh-chart-2)' },
  { name: 'Tokens', color: 'var(--gh-chart-3)' },
];

interface TrafficProps {
  readonly series: readonly Point[];
  readonly step: Overview['step'];
}

const refusalsOf = ({ refusals, limited, tokenRefusals }: Point): number => refusals + limited + tokenRefusals;
const labelOf = (at: string, step: Overview['step']): string => (step === 'hour' ? HOUR : DAY).format(new Date(at));

/** The series as bars, and the same as a table for whoever would rather read it. */
export default function TrafficChart({ series, step }: TrafficProps): ReactElement {
  const [isTable, setTable] = useState(false);
  const data = series.map((point) => ({
    at: labelOf(point.at, step),
    Calls: point.calls,
    Refusals: refusalsOf(point),
    Tokens: point.tokens,
  }));
  return (
    <div className="gh-stack-tight">
      {isTable ? (
        <TrafficTable series={series} step={step} />
      ) : (
        <div role="img" aria-label={summaryOf(series, step)}>
          <BarChart
            h={250}
            data={data}
            dataKey="at"
            series={SERIES}
            withLegend
            legendProps={{ verticalAlign: 'top', height: 36 }}
            tickLine="none"
            gridAxis="x"
            valueFormatter={formatCount}
            barProps={{ isAnimationActive: false, radius: [3, 3, 0, 0], maxBarSize: 14 }}
            barChartProps={{ barGap: 1, barCategoryGap: '14%' }}
            xAxisProps={{ interval: 'preserveStartEnd', minTickGap: 28 }}
            yAxisProps={{ allowDecimals: false, width: 44 }}
          />
        </div>
      )}
      <div>
        <Button variant="subtle" size="compact-sm" color="gray" onClick={() => setTable(!isTable)}>
          {isTable ? 'Show as a chart' : 'Show as a table'}
        </Button>
      </div>
    </div>
  );
}

function summaryOf(series: readonly Point[], step: Overview['step']): string {
  const sum = (value: (point: Point) => number): number => series.reduce((total, point) => total + value(point), 0);
  const busiest = series.reduce<Point | undefined>((best, point) => (point.calls > (best?.calls ?? 0) ? point : best), undefined);
  const peak = busiest
    ? ` Most calls: ${formatCount(busiest.calls)}, ${step === 'hour' ? MOMENT.format(new Date(busiest.at)) : DAY.format(new Date(busiest.at))}.`
    : '';
  return `Bars by ${step}. ${formatCount(sum(({ calls }) => calls))} calls, ${formatCount(sum(refusalsOf))} refusals, ${formatCount(sum(({ tokens }) => tokens))} tokens.${peak}`;
}

function TrafficTable({ series, step }: TrafficProps): ReactElement {
  return (
    <div className="gh-chart-table" tabIndex={0} role="region" aria-label="Calls, refusals and tokens">
      <table className="gh-table">
        <thead>
          <tr>
            <th scope="col">{step === 'hour' ? 'Hour' : 'Day'}</th>
            {SERIES.map(({ name }) => (
              <th key={name} scope="col" className="gh-number">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {[...series].reverse().map((point) => (
            <tr key={point.at}>
              <td>{step === 'hour' ? MOMENT.format(new Date(point.at)) : DAY.format(new Date(point.at))}</td>
              <td className="gh-number" data-label="Calls">
                {formatCount(point.calls)}
              </td>
              <td className="gh-number" data-label="Refusals">
                {formatCount(refusalsOf(point))}
              </td>
              <td className="gh-number" data-label="Tokens">
                {formatCount(point.tokens)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
