import { Module, type NestModule } from '@nestjs/common';
import { AuditService } from '../audit/audit.service.js';
import { type Clock, CLOCK } from '../common/clock.js';
import { CONFIG, type Config } from '../config/config.js';
import { CredentialDirectory } from '../credentials/credential-directory.service.js';
import { CredentialsModule } from '../credentials/credentials.module.js';
import { DocsServerModule } from '../docs-server/docs-server.module.js';
import type { EgressRequest } from '../egress/egress-client.js';
import { Egress } from '../egress/egress.service.js';
import { RateLimits } from '../rate-limit/rate-limits.service.js';
import { ServersModule } from '../servers/servers.module.js';
import { CertificateSource } from '../tokens/possession/certificate-source.js';
import { DpopVerifier } from '../tokens/possession/dpop-proof.js';
import { SubjectTokens } from '../tokens/subject-tokens.js';
import { TokenVerifier } from '../tokens/token-verifier.js';
import { TokensModule } from '../tokens/tokens.module.js';
import { AccessController } from './access.controller.js';
import { AccessExplorer } from './access-explorer.service.js';
import { Admission } from './admission.service.js';
import { BearerGuard } from './bearer.guard.js';
import { BearerStrategy } from './bearer.strategy.js';
import { CallLimits } from './call-limits.js';
import { CallRecorder } from './call-recorder.js';
import { DocsAdminController } from './docs-admin.controller.js';
import { DocsDiscoveryController } from './docs-discovery.controller.js';
import { DocsOpener } from './docs-opener.service.js';
import { DocsPagesController } from './docs-pages.controller.js';
import { DocsSweeper } from './docs-sweeper.service.js';
import { DocsWebhookController } from './docs-webhook.controller.js';
import { Gateway } from './gateway.service.js';
import { HealthProbe } from './health-probe.service.js';
import { GroupClashes } from './groups/group-clashes.service.js';
import { McpEndpoint } from './mcp-endpoint.service.js';
import { ProtectedMcpController, PublicMcpController } from './mcp.controller.js';
import { OriginService } from './origin.service.js';
import { PossessionCheck } from './possession.js';
import { Authenticator } from './principal.js';
import { ServerTestController } from './server-test.controller.js';
import { ServerTester } from './server-tester.service.js';
import { RedisMarks } from './shared-marks.service.js';
import { SharedSessions } from './shared-sessions.service.js';
import { StdioServers } from './stdio/stdio-servers.service.js';
import { Suggestions } from './suggestion.service.js';
import { StreamKeeper } from './stream-keeper.service.js';
import { TaskOwners } from './tasks/task-owners.service.js';
import { createAuthenticator } from './upstream-auth/create-authenticator.js';
import { OPEN_AUTHENTICATOR, type OpenAuthenticator } from './upstream-auth/upstream-auth.js';
import { UpstreamOpener } from './upstream-opener.service.js';
import { Upstreams } from './upstreams.service.js';

/** The way a call takes: from an HTTP request to the upstream of a server and back. */
@Module({
  imports: [TokensModule, ServersModule, CredentialsModule, DocsServerModule],
  controllers: [
    AccessController,
    DocsAdminController,
    DocsDiscoveryController,
    DocsPagesController,
    DocsWebhookController,
    ProtectedMcpController,
    PublicMcpController,
    ServerTestController,
  ],
  providers: [
    Admission,
    BearerGuard,
    BearerStrategy,
    DocsOpener,
    DocsSweeper,
    Gateway,
    GroupClashes,
    McpEndpoint,
    OriginService,
    RedisMarks,
    SharedSessions,
    UpstreamOpener,
    ServerTester,
    AccessExplorer,
    Suggestions,
    HealthProbe,
    StdioServers,
    StreamKeeper,
    TaskOwners,
    Upstreams,
    {
      provide: Authenticator,
      inject: [TokenVerifier, CredentialDirectory, CLOCK],
      useFactory: (verifier: TokenVerifier, credentials: CredentialDirectory, clock: Clock) =>
        new Authenticator(verifier, (clientId) => credentials.find(clientId), clock),
    },
    {
      provide: OPEN_AUTHENTICATOR,
      inject: [Egress, SubjectTokens, CLOCK],
      useFactory: (egress: Egress, subjects: SubjectTokens, clock: Clock): OpenAuthenticator => {
        const parts = { send: (request: EgressRequest) => egress.request(request), clock };
        return (server) =>
          createAuthenticator(server, { ...parts, issueSubject: (clientId, audience) => subjects.issue(clientId, audience) });
      },
    },
    {
      provide: PossessionCheck,
      inject: [DpopVerifier, CertificateSource],
      useFactory: (dpop: DpopVerifier, certificates: CertificateSource) => new PossessionCheck(dpop, certificates),
    },
    {
      provide: CallLimits,
      inject: [CONFIG, RateLimits],
      useFactory: (config: Config, limits: RateLimits) => new CallLimits(config.rateLimits, (quota, key) => limits.count(quota, key)),
    },
    {
      provide: CallRecorder,
      inject: [AuditService, RateLimits],
      useFactory: (audit: AuditService, limits: RateLimits) =>
        new CallRecorder(
          (event) => audit.note(event),
          (quota, key) => limits.count(quota, key),
        ),
    },
  ],
  exports: [CallRecorder, McpEndpoint, StdioServers, StreamKeeper, TaskOwners, Upstreams],
})
export class GatewayModule implements NestModule {
  constructor(private readonly origins: OriginService) {}

  /** The last hook before the routes are registered. */
  configure(): void {
    this.origins.install();
  }
}
