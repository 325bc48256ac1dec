import { ProblemError } from '../protocol/problem.js';

export const invalidField = (field: string, message: string): ProblemError =>
  new ProblemError('validation_failed', `${field}: ${message}`, { errors: [{ field, message }] });
