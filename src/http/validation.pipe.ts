import { ValidationPipe } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { ProblemError } from '../protocol/problem.js';

/** Checks DTOs; what is wrong becomes one problem document with an entry per field. Unknown properties are faults. */
export function createValidationPipe(): ValidationPipe {
  return new ValidationPipe({
    transform: true,
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
    stopAtFirstError: true,
    exceptionFactory: (faults) => toProblem(faults),
  });
}

function toProblem(faults: readonly ValidationError[]): ProblemError {
  const errors = faults.flatMap((fault) => flatten(fault, ''));
  const detail = errors.map(({ field, message }) => `${field}: ${message}`).join('; ') || 'The request is not valid.';
  return new ProblemError('validation_failed', detail, { errors });
}

function flatten(fault: ValidationError, prefix: string): { field: string; message: string }[] {
  const field = prefix + fault.property;
  const own = Object.values(fault.constraints ?? {}).map((message) => ({ field, message }));
  return [...own, ...(fault.children ?? []).flatMap((child) => flatten(child, `${field}.`))];
}
