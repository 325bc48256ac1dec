/** The table that the documentation quotes. */
export function table(rows) {
  const lines = rows.map(({ subject, revision, scenarios, scenariosPassed, passed, failed, differences }) => {
    const known = differences.filter(({ reason }) => reason !== undefined).length;
    return `| ${[subject, revision, `${scenariosPassed} of ${scenarios}`, passed, failed, known, differences.length - known].join(' | ')} |`;
  });
  return [
    '| subject | revision | scenarios without a failure | checks passed | checks failed | known differences | unexplained |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...lines,
  ].join('\n');
}

/** What differs, line by line; without the known ones where `isShort`. */
export function describe({ subject, revision, differences }, isShort) {
  return differences
    .filter(({ reason }) => !isShort || reason === undefined)
    .map(({ key, before, after, message, reason }) => {
      const why = reason === undefined ? `UNEXPLAINED: ${message.slice(0, 400)}` : `known: ${reason}`;
      return `${subject}, ${revision}: ${key}: ${before} -> ${after}; ${why}`;
    });
}
