import 'reflect-metadata';
import { DataSource } from 'typeorm';
import { loadConfig } from './src/config/load-config.js';
import { dataSourceOptions } from './src/database/data-source.js';

/** What `npm run migration:*` works on: the same database and the same migrations as the application. */
const { database } = loadConfig({ MASTER_KEY: Buffer.alloc(32).toString('base64'), ...process.env });
export default new DataSource(await dataSourceOptions(database, [`${import.meta.dirname}/src/**/*.entity.{ts,js}`]));
