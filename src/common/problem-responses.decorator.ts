import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import { type ProblemCode, ProblemError } from '../protocol/problem.js';

const DETAIL = 'What exactly was wrong, in a sentence.';

/** Documents problem responses, with an example of each. */
export function ApiProblems(...codes: ProblemCode[]): MethodDecorator {
  const byStatus = new Map<number, ProblemError[]>();
  for (const problem of codes.map((code) => new ProblemError(code, DETAIL))) {
    byStatus.set(problem.status, [...(byStatus.get(problem.status) ?? []), problem]);
  }
  return applyDecorators(...[...byStatus].map(([status, problems]) => ApiResponse({ status, ...describe(problems) })));
}

function describe(problems: readonly ProblemError[]) {
  const examples = Object.fromEntries(problems.map((problem) => [problem.code, { value: problem.toBody('/api/v1/…') }]));
  return {
    description: problems.map(({ title, code }) => `${title} (\`${code}\`).`).join(' '),
    content: { 'application/problem+json': { schema: { type: 'object' }, examples } },
  };
}
