import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '../config/load-config.js';
import { toSettings } from './settings-view.js';

const TOKEN = 'a-metrics-token-that-nobody-may-see-1234';
const settingsOf = (env: Record<string, string>) =>
  toSettings(loadConfig({ PUBLIC_URL: 'https://docs.example.com', ...env }), { database: 'sqlite', node: 'v20.20.2' });

describe('toSettings', () => {
  it('says that metrics and tracing are off, which is how they come', () => {
    expect(settingsOf({})).toMatchObject({ metrics: { enabled: false, url: 'https://docs.example.com/metrics' }, tracing: null });
  });

  it('says where they are, and neither the token nor a key', () => {
    const settings = settingsOf({
      METRICS_TOKEN: TOKEN,
      OTEL_EXPORTER_OTLP_ENDPOINT: 'https://traces.example.com',
      OTEL_EXPORTER_OTLP_HEADERS: 'x-api-key=of-the-receiver',
      OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '0.25',
    });
    expect(settings.metrics.enabled).toBe(true);
    expect(settings.tracing).toEqual({
      url: 'https://traces.example.com/v1/traces',
      serviceName: 'gatehouse',
      sampler: 'parentbased_traceidratio',
      ratio: 0.25,
    });
    expect(JSON.stringify(settings)).not.toMatch(/nobody-may-see|of-the-receiver/);
  });

  it('shows a ratio only where the sampler goes by it', () => {
    expect(settingsOf({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' }).tracing?.ratio).toBeNull();
  });
});
