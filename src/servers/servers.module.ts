import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AdminModule } from '../admin/admin.module.js';
import { GroupNames } from './group-names.js';
import { ServerDirectory } from './server-directory.service.js';
import { Server } from './server.entity.js';
import { HealthBoard } from './server-health.js';
import { ServerSettings } from './server-settings.service.js';
import { ServersController } from './servers.controller.js';
import { ServersService } from './servers.service.js';

/** What is behind the door: the MCP servers that Gatehouse exposes. */
@Module({
  imports: [AdminModule, TypeOrmModule.forFeature([Server])],
  controllers: [ServersController],
  providers: [
    ServerDirectory,
    ServerSettings,
    ServersService,
    { provide: HealthBoard, useFactory: () => new HealthBoard() },
    { provide: GroupNames, useFactory: () => new GroupNames() },
  ],
  exports: [GroupNames, HealthBoard, ServerDirectory, ServerSettings, ServersService],
})
export class ServersModule {}
