import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';
import { alter, createTable, id, long, optional, primary, quote, text, time } from './columns.js';

const TABLES = [
  new Table({
    name: 'docs_feedback',
    columns: [primary(id()), id('serverId'), text('page', 512), long('description'), optional(id('credentialId')), time('createdAt')],
    indices: [{ name: 'docs_feedback_by_server', columnNames: ['serverId', 'id'] }],
  }),
  new Table({ name: 'docs_webhooks', columns: [primary(id('serverId')), long('secret'), time('createdAt')] }),
];

const OLD_SCOPES = JSON.stringify([
  { name: 'mcp:search', description: 'Search the documentation', permissions: ['tools/call:search_*'], default: true },
  { name: 'mcp:read', description: 'Read pages of the documentation', permissions: ['tools/call:read_*'], default: true },
]);

const NEW_SCOPES = JSON.stringify([
  { name: 'mcp:search', description: 'Search the documentation', permissions: ['tools/call:search_*'], default: true },
  {
    name: 'mcp:read',
    description: 'Read pages of the documentation, and report what is wrong with them',
    permissions: [
      'tools/call:read_*',
      'tools/call:query_docs_filesystem_*',
      'tools/call:submit_feedback',
      'resources/read:docs://*',
      'resources/read:skill://*',
    ],
    default: true,
  },
]);

/** Groups of readers, feedback on pages, secrets of webhooks; and the new tools and resources in the scopes that nobody has changed. */
export class Docs1732600000000 implements MigrationInterface {
  readonly name = 'Docs1732600000000';

  async up(runner: QueryRunner): Promise<void> {
    await alter(runner, `ALTER TABLE credentials ADD COLUMN ${quote(runner, 'docsGroups')} text`);
    for (const table of TABLES) await createTable(runner, table.clone());
    await this.exchangeScopes(runner, OLD_SCOPES, NEW_SCOPES);
  }

  async down(runner: QueryRunner): Promise<void> {
    await this.exchangeScopes(runner, NEW_SCOPES, OLD_SCOPES);
    for (const table of [...TABLES].reverse()) await runner.dropTable(table.name);
    await runner.query(`ALTER TABLE credentials DROP COLUMN ${quote(runner, 'docsGroups')}`);
  }

  private async exchangeScopes(runner: QueryRunner, from: string, to: string): Promise<void> {
    await runner.query(`UPDATE servers SET scopes = ? WHERE scopes = ?`, [to, from]);
  }
}
