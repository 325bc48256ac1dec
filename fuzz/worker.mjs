// The process that is attacked, and attacks itself. Its parent hears how far it is, so that it can tell where it broke.
import { fuzz } from './loop.mjs';

const [targetName, settings] = process.argv.slice(2);
const { startGatehouse } = await import('../dist/src/http/create-app.js');
const { loadConfig } = await import('../dist/src/config/load-config.js');
const { open } = await import(`./${targetName}.mjs`);

const target = await open({ startGatehouse, loadConfig });
process.send({ kind: 'ready' });
const result = await fuzz(target, {
  ...JSON.parse(settings),
  onFault: (entry) => process.send({ kind: 'fault', entry }),
  onProgress: (progress) => process.send({ kind: 'progress', ...progress }),
});
await target.close();
process.send({ kind: 'end', result }, () => process.disconnect());
