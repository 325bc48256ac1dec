import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { PassportModule } from '@nestjs/passport';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AdminKey } from './admin-key.entity.js';
import { AdminKeysController } from './admin-keys.controller.js';
import { AdminKeysService } from './admin-keys.service.js';
import { Admin } from './admin.entity.js';
import { AdminGuard } from './admin.guard.js';
import { AdminStrategy } from './admin.strategy.js';
import { AdminsController } from './admins.controller.js';
import { AdminsService } from './admins.service.js';
import { EventsController } from './events.controller.js';
import { EventsService } from './events.service.js';
import { EventStreams } from './event-streams.service.js';
import { FirstOwner } from './first-owner.service.js';
import { IdempotencyKey } from './idempotency-key.entity.js';
import { IdempotencyService } from './idempotency.service.js';
import { LastSeen } from './last-seen.service.js';
import { SignInService } from './sign-in.service.js';
import { OidcController } from './oidc/oidc.controller.js';
import { OidcFlows } from './oidc/oidc-flows.service.js';
import { OidcProvider } from './oidc/oidc-provider.service.js';
import { OidcSignIn } from './oidc/oidc-sign-in.service.js';
import { OwnPassword } from './own-password.service.js';
import { SessionAuthenticator } from './sessions/session-authenticator.service.js';
import { SessionController } from './sessions/session.controller.js';
import { SessionDirectory } from './sessions/session-directory.service.js';
import { AdminSession } from './sessions/session.entity.js';
import { SessionSignIn } from './sessions/session-sign-in.service.js';
import { SessionsService } from './sessions/sessions.service.js';
import { SignInThrottle } from './sign-in-throttle.service.js';

/** Who may manage Gatehouse: sign-in, roles, and the guard in front of every route. */
@Module({
  imports: [PassportModule.register({ session: false }), TypeOrmModule.forFeature([Admin, AdminKey, AdminSession, IdempotencyKey])],
  controllers: [AdminsController, AdminKeysController, EventsController, OidcController, SessionController],
  providers: [
    AdminStrategy,
    AdminsService,
    AdminKeysService,
    EventsService,
    EventStreams,
    FirstOwner,
    IdempotencyService,
    LastSeen,
    OidcFlows,
    OidcProvider,
    OidcSignIn,
    OwnPassword,
    SessionAuthenticator,
    SessionDirectory,
    SessionSignIn,
    SessionsService,
    SignInService,
    SignInThrottle,
    { provide: APP_GUARD, useClass: AdminGuard },
  ],
  exports: [AdminKeysService, EventStreams, FirstOwner, IdempotencyService],
})
export class AdminModule {}
