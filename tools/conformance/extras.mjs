import { resolve } from 'node:path';
import { compare, count } from './compare.mjs';
import { runSet, runSuite } from './suite.mjs';

const MODERN = '2026-07-28';
const HEADER_SCENARIOS = ['http-header-validation', 'http-custom-header-server-validation'];
/** What a server of documents has: no prompts, no resources, tools of its own. */
const DOCS_SCENARIOS = {
  '2025-11-25': [
    'server-initialize',
    'ping',
    'tools-list',
    'server-sse-multiple-streams',
    'server-session-lifecycle',
    'dns-rebinding-protection',
  ],
  '2026-07-28': [
    'server-stateless',
    'tools-list',
    'server-sse-multiple-streams',
    'dns-rebinding-protection',
    'caching',
    'http-header-validation',
  ],
};

/** The same checks, all of them passed. */
const ideal = (checks) => new Map([...checks.keys()].map((key) => [key, { status: 'SUCCESS' }]));
const only = (checks, scenarios) => new Map([...checks].filter(([key]) => scenarios.includes(key.split(' / ')[0])));
const row = (subject, revision, through, differences) => ({ subject, revision, ...count(through), differences });

/** A server that forgets the header checks of 2026-07-28 is covered by the gateway in front of it. */
export async function checkHeaders({ scene, folder, expected }) {
  const run = async (url) => {
    const found = new Map();
    for (const scenario of HEADER_SCENARIOS) {
      const { checks } = await runSuite(['server', '--scenario', scenario, '--spec-version', MODERN, '--url', url], { folder });
      for (const [key, check] of checks) found.set(key, check);
    }
    return found;
  };
  const [direct, through] = [await run(scene.direct('lax')), await run(scene.through('http-lax'))];
  const forgets = HEADER_SCENARIOS.filter((scenario) => count(only(direct, [scenario])).failed > 0);
  if (forgets.length < HEADER_SCENARIOS.length) throw new Error('The lax fixture passes the header scenarios: they show nothing');
  const subject = 'http-lax';
  return [
    row('lax fixture, directly', MODERN, direct, []),
    row(subject, MODERN, through, compare({ subject, revision: MODERN, direct: ideal(through), through, expected })),
  ];
}

/** The documentation server of Gatehouse itself, as far as the scenarios ask for nothing that it has not. */
export async function checkDocs({ scene, folder, expected }) {
  const rows = [];
  for (const [revision, scenarios] of Object.entries(DOCS_SCENARIOS)) {
    const through = only(await runSet(revision, scene.through('docs'), folder), scenarios);
    rows.push(row('docs', revision, through, compare({ subject: 'docs', revision, direct: ideal(through), through, expected })));
  }
  return rows;
}

/** The authorization server (R-CNF-06). */
export async function checkAuthorization({ scene, folder, expected }) {
  const { checks, output } = await runSuite(['authorization', '--url', scene.issuer], { folder });
  if (checks.size === 0) throw new Error(`The suite found nothing about the authorization server:\n${output}`);
  const subject = 'authorization';
  return [row(subject, MODERN, checks, compare({ subject, revision: MODERN, direct: ideal(checks), through: checks, expected }))];
}

/** Scenarios about a client that the gateway is one of: what it sends to an upstream, and how it signs in there (R-CNF-07). */
const CLIENT_SCENARIOS = {
  '2025-11-25': ['initialize', 'tools_call', 'auth/client-credentials-basic'],
  '2026-07-28': ['tools_call', 'http-standard-headers', 'auth/client-credentials-basic'],
};

export async function checkClients({ scene, folder, expected }) {
  const rows = [];
  for (const [revision, scenarios] of Object.entries(CLIENT_SCENARIOS)) {
    const found = new Map();
    for (const scenario of scenarios) {
      const command = `${process.execPath} ${resolve('tools/conformance/gateway-as-client.mjs')}`;
      const args = ['client', '--command', command, '--scenario', scenario, '--spec-version', revision, '--force'];
      const { checks, output } = await runSuite(args, { folder, env: scene.clientEnv });
      if (checks.size === 0) throw new Error(`The suite found nothing with ${scenario}:\n${output}`);
      for (const [key, check] of checks) found.set(key, check);
    }
    const subject = 'as a client';
    rows.push(row(subject, revision, found, compare({ subject, revision, direct: ideal(found), through: found, expected })));
  }
  return rows;
}
