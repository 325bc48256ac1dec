import { type DynamicModule, Global, Module } from '@nestjs/common';
import { type Clock, CLOCK } from '../common/clock.js';
import { CONFIG, type Config } from './config.js';

/** Gives every module the one {@link Config} and the one {@link Clock}. */
@Global()
@Module({})
export class ConfigModule {
  static with(config: Config, clock: Clock): DynamicModule {
    return {
      module: ConfigModule,
      providers: [
        { provide: CONFIG, useValue: config },
        { provide: CLOCK, useValue: clock },
      ],
      exports: [CONFIG, CLOCK],
    };
  }
}
