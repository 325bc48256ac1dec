import { Global, Module } from '@nestjs/common';
import { Egress } from './egress.service.js';

/** Guarded outbound requests. */
@Global()
@Module({ providers: [Egress], exports: [Egress] })
export class EgressModule {}
