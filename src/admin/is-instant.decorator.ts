import { applyDecorators } from '@nestjs/common';
import { IsISO8601, Matches } from 'class-validator';

const INSTANT = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2}))?$/;

/** A moment: a day (from its beginning in UTC), or a day and a time with its zone. ISO 8601 has more forms, which `Date` cannot read. */
export const IsInstant = (): PropertyDecorator =>
  applyDecorators(
    IsISO8601({ strict: true, strictSeparator: true }, { message: '$property must be a time such as 2027-06-30T00:00:00Z' }),
    Matches(INSTANT, { message: '$property must be a time such as 2027-06-30T00:00:00Z' }),
  );
