import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AdminModule } from '../admin/admin.module.js';
import { ServersModule } from '../servers/servers.module.js';
import { TokensModule } from '../tokens/tokens.module.js';
import { RevokedToken } from '../tokens/revoked-token.entity.js';
import { ClientSecret } from './client-secret.entity.js';
import { Credential } from './credential.entity.js';
import { CredentialDirectory } from './credential-directory.service.js';
import { CredentialList } from './credential-list.service.js';
import { CredentialRules } from './credential-rules.service.js';
import { CredentialServers } from './credential-servers.service.js';
import { CredentialsController } from './credentials.controller.js';
import { CredentialsService } from './credentials.service.js';
import { ExpiredSecrets } from './expired-secrets.service.js';
import { LastUsed } from './last-used.service.js';
import { OverFetching } from './over-fetching.service.js';
import { TokenRevocation } from './token-revocation.service.js';
import { TrustDirectory } from './trust-directory.service.js';

/** Machines' identities: their administration, and what the two wings need of them in memory. */
@Module({
  imports: [AdminModule, ServersModule, TokensModule, TypeOrmModule.forFeature([Credential, ClientSecret, RevokedToken])],
  controllers: [CredentialsController],
  providers: [
    ExpiredSecrets,
    CredentialsService,
    CredentialList,
    CredentialDirectory,
    CredentialRules,
    CredentialServers,
    LastUsed,
    OverFetching,
    TokenRevocation,
    TrustDirectory,
  ],
  exports: [CredentialDirectory, CredentialsService, LastUsed, OverFetching, TokenRevocation, TrustDirectory],
})
export class CredentialsModule {}
