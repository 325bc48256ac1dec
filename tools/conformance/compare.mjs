import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** Statuses that say the same of whoever was tested. */
const isGood = (status) => status === 'SUCCESS' || status === 'INFO';

/** The differences that are known, each with its reason. */
export function readExpected(file) {
  const entries = parse(readFileSync(file, 'utf8')) ?? [];
  for (const entry of entries) {
    if (!entry.reason || !entry.subject || !entry.revision || !entry.scenario)
      throw new Error(`An expected difference lacks something: ${JSON.stringify(entry)}`);
  }
  return entries.map((entry) => ({ ...entry, uses: 0 }));
}

/** Compares check by check (R-CNF-05). What is not as it is directly, and not expected to be, is unexplained. */
export function compare({ subject, revision, direct, through, expected }) {
  const differences = [];
  for (const key of new Set([...direct.keys(), ...through.keys()])) {
    const [before, after] = [direct.get(key)?.status ?? 'ABSENT', through.get(key)?.status ?? 'ABSENT'];
    if (before === after || (isGood(after) && (isGood(before) || before === 'ABSENT'))) continue;
    const entry = expected.find((candidate) => explains(candidate, { subject, revision, key, message: through.get(key)?.message ?? '' }));
    if (entry) entry.uses++;
    differences.push({ key, before, after, message: through.get(key)?.message ?? '', reason: entry?.reason });
  }
  return differences;
}

function explains(entry, { subject, revision, key, message }) {
  const [scenario, check] = key.split(' / ');
  const names = (member, value) => entry[member] === undefined || [entry[member]].flat().includes(value);
  const says = entry.message === undefined || new RegExp(entry.message).test(message);
  return entry.revision === revision && names('subject', subject) && names('scenario', scenario) && names('check', check) && says;
}

export function count(checks) {
  const scenarios = new Map();
  let [passed, failed] = [0, 0];
  for (const [key, { status }] of checks) {
    const scenario = key.split(' / ')[0];
    const isFailure = status === 'FAILURE';
    if (isFailure) failed++;
    else if (status === 'SUCCESS') passed++;
    scenarios.set(scenario, (scenarios.get(scenario) ?? true) && !isFailure);
  }
  return { passed, failed, scenarios: scenarios.size, scenariosPassed: [...scenarios.values()].filter(Boolean).length };
}
