import { Module } from '@nestjs/common';
import { DocsServerModule } from '../docs-server/docs-server.module.js';
import { HealthController } from './health.controller.js';

@Module({ imports: [DocsServerModule], controllers: [HealthController] })
export class HealthModule {}
