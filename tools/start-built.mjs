// Starts the built application in process, on a database of its own that is gone afterwards. For tools, not for use.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.mjs';

export const PASSWORD = 'only for a moment';

export async function startBuilt({ clock } = {}) {
  const { startGatehouse } = await import('../dist/src/http/create-app.js');
  const { loadConfig } = await import('../dist/src/config/load-config.js');
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-tool-'));
  const port = await freePort();
  const env = { DATA_DIR: dir, DOCS_DIR: 'docs', LOG_LEVEL: 'fatal', ADMIN_PASSWORD: PASSWORD, PORT: String(port), RATE_LIMITS: 'off' };
  const config = loadConfig(env);
  const gatehouse = await startGatehouse(config, clock);
  return {
    ...gatehouse,
    config,
    url: `http://localhost:${port}`,
    remove: async () => {
      await gatehouse.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
