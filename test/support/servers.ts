import { DataSource } from 'typeorm';
import { newId } from '../../src/common/ids.js';
import { UnitOfWork } from '../../src/database/unit-of-work.service.js';
import { Server, type ServerScope } from '../../src/servers/server.entity.js';
import { ServerDirectory, SERVER_TOPIC } from '../../src/servers/server-directory.service.js';
import type { ServerLimits, Upstream } from '../../src/servers/upstream.js';
import type { TestGatehouse } from './gatehouse.js';
import { until } from './http-upstream.js';

export interface NewServer {
  readonly slug: string;
  readonly upstream: Upstream;
  readonly scopes?: ServerScope[];
  readonly access?: Server['access'];
  readonly limits?: ServerLimits;
}

const ALL: ServerScope[] = [{ name: 'mcp:all', permissions: ['*'], default: true }];

/** Puts a server into the database, as the admin API does, and waits until calls see it. */
export async function addServer(
  gatehouse: TestGatehouse,
  { slug, upstream, scopes = ALL, access = 'both', limits }: NewServer,
): Promise<void> {
  const now = Date.now();
  const id = newId();
  const server = { id, slug, name: slug, description: null, access, upstream, scopes, limits: limits ?? null };
  await gatehouse.app.get(UnitOfWork).run(async ({ manager, changed }) => {
    await manager.insert(Server, {
      ...server,
      upstreamSecrets: null,
      tokenTtl: null,
      isDefault: false,
      createdAt: now,
      updatedAt: now,
      version: 1,
    });
    await changed(SERVER_TOPIC, id);
  });
  await until(() => gatehouse.app.get(ServerDirectory).find(slug) !== undefined);
}

/** Changes a server the same way. */
export async function changeServer(gatehouse: TestGatehouse, slug: string, change: Partial<NewServer>): Promise<void> {
  const directory = gatehouse.app.get(ServerDirectory);
  const servers = gatehouse.app.get(DataSource).getRepository(Server);
  const server = await servers.findOneByOrFail({ slug });
  await gatehouse.app.get(UnitOfWork).run(async ({ manager, changed }) => {
    await manager.update(Server, { id: server.id }, { ...change, version: server.version + 1 });
    await changed(SERVER_TOPIC, server.id);
  });
  await until(() => (directory.find(slug)?.version ?? 0) > server.version);
}

/** Removes it. */
export async function removeServer(gatehouse: TestGatehouse, slug: string): Promise<void> {
  await gatehouse.app.get(UnitOfWork).run(async ({ manager, changed }) => {
    const { id } = await manager.findOneByOrFail(Server, { slug });
    await manager.delete(Server, { id });
    await changed(SERVER_TOPIC, id);
  });
  await until(() => gatehouse.app.get(ServerDirectory).find(slug) === undefined);
}
