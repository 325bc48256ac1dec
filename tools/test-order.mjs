import Sequencer from '@jest/test-sequencer';

/** What takes longest, longest first; jest, where it has not seen a suite run, takes its size for its time. */
const LONGEST = [
  'test/cli.e2e-spec.ts',
  'test/fuzz.e2e-spec.ts',
  'test/refresh-tokens.e2e-spec.ts',
  'test/sessions.e2e-spec.ts',
  'test/docs-server.e2e-spec.ts',
  'src/docs-server/docs-library.spec.ts',
  'test/revocation.e2e-spec.ts',
  'test/year.e2e-spec.ts',
  'test/private-key-jwt.e2e-spec.ts',
  'test/process.e2e-spec.ts',
  'test/real-documentation.e2e-spec.ts',
  'test/webhooks-replicas.e2e-spec.ts',
  'test/mcp-clients.e2e-spec.ts',
  'test/dpop.e2e-spec.ts',
];

const rankOf = ({ path }) => {
  const rank = LONGEST.findIndex((name) => path.endsWith(`/${name}`));
  return rank < 0 ? LONGEST.length : rank;
};

/** Begins with the longest suites: one that begins last keeps the others waiting. */
export default class LongestFirst extends Sequencer {
  sort(tests) {
    return super.sort(tests).sort((one, other) => rankOf(one) - rankOf(other));
  }
}
