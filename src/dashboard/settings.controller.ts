import { Controller, Get, Inject } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { DataSource } from 'typeorm';
import { Authorized } from '../common/access.decorator.js';
import { CONFIG, type Config } from '../config/config.js';
import { SettingsDto } from './settings.dto.js';
import { toSettings } from './settings-view.js';

@ApiTags('settings')
@Controller('api/v1/settings')
export class SettingsController {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly dataSource: DataSource,
  ) {}

  @Get()
  @Authorized('read')
  @ApiOperation({ summary: 'Read what this installation is set to; never a secret' })
  @ApiOkResponse({ type: SettingsDto })
  read(): SettingsDto {
    const { type } = this.dataSource.options;
    const database = type === 'mariadb' || type === 'mysql' ? type : 'sqlite';
    return toSettings(this.config, { database, node: process.version });
  }
}
