import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const VERSION = '24.21.0';
const FOLDER = 'node_modules/.cache/node-for-conformance';

/** A Node that the suite runs on, which needs 22: this one, or the binary that npm has a package of. */
export function nodeForSuite() {
  if (Number(process.versions.node.split('.')[0]) >= 22) return process.execPath;
  const name = `node-${process.platform}-${process.arch}`;
  const binary = join(FOLDER, 'node_modules', name, 'bin/node');
  if (!existsSync(binary)) install(`${name}@${VERSION}`);
  return binary;
}

/** The package `node` would fetch this one in an install script; without scripts, it is asked for by name. */
function install(spec) {
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(join(FOLDER, 'package.json'), '{"private":true}');
  try {
    execFileSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--silent', '--no-save', spec], {
      cwd: FOLDER,
      stdio: 'inherit',
    });
  } catch (error) {
    throw new Error(`The conformance suite needs Node 22 or newer, and ${spec} cannot be installed: run it with a newer Node`, {
      cause: error,
    });
  }
}
