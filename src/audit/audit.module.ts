import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditRetention } from './audit-retention.service.js';
import { AuditChain } from './audit-chain.service.js';
import { AuditService } from './audit.service.js';
import { AuditEvent } from './event.entity.js';

/** The audit trail: everybody writes to it. */
@Global()
@Module({
  imports: [TypeOrmModule.forFeature([AuditEvent])],
  providers: [AuditService, AuditChain, AuditRetention],
  exports: [AuditService, TypeOrmModule],
})
export class AuditModule {}
