import { queryOptions } from '@tanstack/react-query';
import { api, body, type Schemas, versioned } from './client.js';

export type Webhook = Schemas['WebhookDto'];
export type NewWebhook = Schemas['WebhookWithSecretDto'];
export type Delivery = Schemas['DeliveryDto'];
export type WebhookEvent = NonNullable<Webhook['events']>[number];

const LIMIT = 200;
const NEWEST = 50;

export const webhooksQuery = queryOptions({
  queryKey: ['webhooks'],
  queryFn: ({ signal }) => body(api.GET('/api/v1/webhooks', { params: { query: { limit: LIMIT } }, signal })),
});

export const readWebhook = (id: string) => versioned(api.GET('/api/v1/webhooks/{id}', { params: { path: { id } } }));

export const webhookQuery = (id: string) => queryOptions({ queryKey: ['webhooks', id], queryFn: () => readWebhook(id), gcTime: 0 });

/** The newest deliveries; looked at again while somebody looks at them. */
export const deliveriesQuery = (id: string) =>
  queryOptions({
    queryKey: ['webhooks', id, 'deliveries'],
    queryFn: ({ signal }) =>
      body(api.GET('/api/v1/webhooks/{id}/deliveries', { params: { path: { id }, query: { limit: NEWEST } }, signal })),
    refetchInterval: 10_000,
  });

export const testWebhook = (id: string): Promise<Delivery> => body(api.POST('/api/v1/webhooks/{id}/test', { params: { path: { id } } }));

export const EVENTS: readonly { readonly value: WebhookEvent; readonly label: string; readonly about: string }[] = [
  { value: 'credential.expiring', label: 'A credential ends soon', about: 'In 14 days, in 3 days and in one day.' },
  { value: 'credential.secret_leaked', label: 'A secret was leaked', about: 'It was reported, and has ended.' },
  { value: 'admin_key.leaked', label: 'An admin key was leaked', about: 'It was reported, and has ended.' },
  { value: 'server.down', label: 'A server is down', about: 'Once for each outage.' },
  { value: 'server.breaker_open', label: 'A circuit breaker opened', about: 'Calls of a server fail at once for a while.' },
  { value: 'refusals.unusual', label: 'Unusually many refusals', about: 'Of one credential, or of callers that are none.' },
];

export const eventLabel = (type: Delivery['type']): string => EVENTS.find(({ value }) => value === type)?.label ?? 'Test';
