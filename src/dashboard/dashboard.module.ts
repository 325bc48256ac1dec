import { fileURLToPath } from 'node:url';
import { Module } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { type PageFile, readPageFiles } from './page-files.js';
import { PAGES, PagesController } from './pages.controller.js';
import { SettingsController } from './settings.controller.js';

/** Where the build puts the pages, seen from the sources and from what is built of them. */
const BUILT = ['../../dist/dashboard', '../../../dist/dashboard'].map((path) => fileURLToPath(new URL(path, import.meta.url)));

/** The web dashboard: its built pages, and what they alone need to know. */
@Module({
  controllers: [PagesController, SettingsController],
  providers: [
    {
      provide: PAGES,
      inject: [CONFIG],
      useFactory: ({ dashboardDir }: Config): ReadonlyMap<string, PageFile> | undefined => {
        const dirs = dashboardDir === undefined ? BUILT : [dashboardDir];
        return dirs.map(readPageFiles).find((pages) => pages !== undefined);
      },
    },
  ],
})
export class DashboardModule {}
