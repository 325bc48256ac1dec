import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { VERSION } from '../common/version.js';
import type { Config } from '../config/config.js';
import { PATHS } from '../protocol/urls.js';

const DESCRIPTION = `Machine access to MCP servers.

**Admin API**: sign in with *Authorize → admin* (an admin's name and password, or an admin key's id and secret).
**Token endpoint**: sign in with *Authorize → client* (client id and secret), or fill in both in the form.
Errors of the admin API are problem documents (RFC 9457) with a stable \`code\`; errors of OAuth endpoints follow RFC 6749.`;

/** Serves Swagger UI at /api/docs and the OpenAPI document at /api/docs-json. */
export function setUpSwagger(app: NestFastifyApplication, config: Config): void {
  SwaggerModule.setup(PATHS.swagger.slice(1), app, () => createDocument(app, config), {
    customSiteTitle: 'Gatehouse API',
    swaggerOptions: { persistAuthorization: false, displayRequestDuration: true, tryItOutEnabled: true, docExpansion: 'list' },
  });
}

export function createDocument(app: NestFastifyApplication, config: Config): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setTitle('Gatehouse')
    .setVersion(VERSION)
    .setDescription(DESCRIPTION)
    .addServer(config.publicUrl)
    .addBasicAuth({ type: 'http', scheme: 'basic', description: 'An admin, or an admin key (id and secret).' }, 'admin')
    .addBasicAuth({ type: 'http', scheme: 'basic', description: 'A client: client id and client secret.' }, 'client')
    .addCookieAuth(
      'gatehouse-session',
      { type: 'apiKey', description: 'A sign-in session of the dashboard; changes carry the header `Gatehouse-Csrf: 1`.' },
      'session',
    )
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'METRICS_TOKEN, for `/metrics`.' }, 'metrics')
    .addTag('credentials', 'Machines’ identities')
    .addTag('servers', 'MCP servers')
    .addTag('tokens', 'Token endpoint')
    .addTag('discovery', 'Metadata that clients find everything by')
    .addTag('events', 'The audit trail')
    .addTag('usage', 'Counts of calls, tokens and refusals')
    .addTag('webhooks', 'Who is told of what happens')
    .addTag('session', 'Sign-in of the dashboard')
    .addTag('settings', 'What this installation is set to')
    .addTag('admins', 'People and scripts that manage Gatehouse')
    .addTag('signing keys', 'Keys that sign tokens')
    .addTag('health', 'For operators');
  return withPathParameters(SwaggerModule.createDocument(app, builder.build()));
}

/** Adds the parameters of each path that a decorator of ours reads, which Swagger does not see: without them no client can be generated. */
function withPathParameters(document: OpenAPIObject): OpenAPIObject {
  for (const [path, item] of Object.entries(document.paths)) {
    const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
    for (const operation of [item.get, item.put, item.post, item.patch, item.delete]) {
      if (!operation) continue;
      const known = new Set(operation.parameters?.flatMap((parameter) => ('name' in parameter ? parameter.name : [])));
      const missing = names.filter((name) => !known.has(name));
      operation.parameters = [...missing.map(toPathParameter), ...(operation.parameters ?? [])];
    }
  }
  return document;
}

const toPathParameter = (name: string) => ({ name, in: 'path' as const, required: true, schema: { type: 'string' } });
