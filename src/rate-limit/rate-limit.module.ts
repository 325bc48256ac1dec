import { Global, Module } from '@nestjs/common';
import { RateLimits } from './rate-limits.service.js';

/** Limits, shared between replicas where there is a Redis. */
@Global()
@Module({ providers: [RateLimits], exports: [RateLimits] })
export class RateLimitModule {}
