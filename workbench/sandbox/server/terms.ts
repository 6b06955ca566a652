/** What one search value must match in the search rows: a condition on `w` (words) or `p` (points). */
import {
  badRequest,
  invalidSearchOperator,
  Operator,
  OperationOutcomeError,
  splitSearchOnComma,
  type Filter,
} from '@medplum/core';
import type { SearchParameter } from '@medplum/fhirtypes';
import { all, any, condition, NEVER, type Condition } from './condition.ts';

/** Refused, lest a search be answered as if they were not there. */
const UNANSWERED: readonly Operator[] = [Operator.IN, Operator.NOT_IN, Operator.OF_TYPE, Operator.APPROXIMATELY];
const STRING_OPERATORS: readonly Operator[] = [
  Operator.EQUALS,
  Operator.STARTS_WITH,
  Operator.EXACT,
  Operator.CONTAINS,
];
const LAST_CHARACTER = '\u{10FFFF}';
/** Parameters whose bare ids mean Patients; every other reference needs its type. */
const PATIENT_CODES = new Set(['subject', 'patient']);
const CONTACT_CODES = new Set(['email', 'phone', 'telecom']);
const DATE = /^\d{4}-\d{2}-\d{2}(T.*)?$/;

const COMPARISONS: Partial<Record<Operator, string>> = {
  [Operator.EQUALS]: '=',
  [Operator.EXACT]: '=',
  [Operator.NOT_EQUALS]: '<>',
  [Operator.NOT]: '<>',
  [Operator.GREATER_THAN]: '>',
  [Operator.STARTS_AFTER]: '>',
  [Operator.GREATER_THAN_OR_EQUALS]: '>=',
  [Operator.LESS_THAN]: '<',
  [Operator.ENDS_BEFORE]: '<',
  [Operator.LESS_THAN_OR_EQUALS]: '<=',
};

/** One `word` row matches one of the values of a token, reference or uri filter. */
export function wordTerm(parameter: SearchParameter, filter: Filter): Condition {
  if (UNANSWERED.includes(filter.operator)) {
    throw new OperationOutcomeError(invalidSearchOperator(filter.operator, filter.code));
  }
  const values = splitSearchOnComma(filter.value);
  switch (parameter.type) {
    case 'token':
      return any(values.map((value) => tokenTerm(filter, value)));
    case 'reference':
      return any(values.map((value) => referenceTerm(filter, value)));
    default:
      return any(values.map((value) => uriTerm(filter, value)));
  }
}

function tokenTerm(filter: Filter, value: string): Condition {
  if (filter.operator === Operator.CONTAINS) {
    return condition("w.value LIKE ? ESCAPE '\\'", `%${likeText(value)}%`);
  }
  const bar = value.indexOf('|');
  const code = CONTACT_CODES.has(filter.code) ? value.slice(bar + 1).toLowerCase() : value.slice(bar + 1);
  if (bar < 0) {
    return value === '' ? NEVER : condition('w.value = ?', code);
  }
  const system = value.slice(0, bar);
  if (code === '') {
    return system === '' ? NEVER : condition('w.system = ?', system);
  }
  return condition('w.value = ? AND w.system = ?', code, system);
}

function referenceTerm(filter: Filter, value: string): Condition {
  if (filter.operator === Operator.IDENTIFIER) {
    return condition('w.value = ?', `identifier:${value}`);
  }
  return condition('w.value = ?', !value.includes('/') && PATIENT_CODES.has(filter.code) ? `Patient/${value}` : value);
}

function uriTerm(filter: Filter, value: string): Condition {
  switch (filter.operator) {
    case Operator.BELOW:
      return startsWith(value);
    case Operator.ABOVE:
      return condition("? LIKE w.value || '%'", value);
    case Operator.CONTAINS:
      return condition("w.value LIKE ? ESCAPE '\\'", `%${likeText(value)}%`);
    default:
      return condition('w.value = ?', value);
  }
}

/** One `word` row matches one of the values of a string filter that is compared whole. */
export function stringTerm(filter: Filter): Condition {
  if (!STRING_OPERATORS.includes(filter.operator)) {
    throw new OperationOutcomeError(badRequest(`Unsupported string search operator: ${filter.operator}`));
  }
  return any(
    splitSearchOnComma(filter.value).map((value) => {
      switch (filter.operator) {
        case Operator.EXACT:
          return condition('w.value = ? AND w.system = ?', value.toLowerCase(), value);
        case Operator.CONTAINS:
          return condition("w.value LIKE ? ESCAPE '\\'", `%${likeText(value.toLowerCase())}%`);
        default:
          return value === '' ? NEVER : startsWith(value.toLowerCase());
      }
    }),
  );
}

export function startsWith(prefix: string): Condition {
  return condition('w.value >= ? AND w.value < ?', prefix, prefix + LAST_CHARACTER);
}

/** One `point` row, or the column `low`, matches one of the values of a date, number or quantity filter. */
export function pointTerm(
  parameter: Pick<SearchParameter, 'type'>,
  filter: Filter,
  isDay: boolean,
  low = 'p.low',
): Condition {
  const operator = COMPARISONS[filter.operator];
  if (!operator) {
    throw new OperationOutcomeError(invalidSearchOperator(filter.operator, filter.code));
  }
  const terms = splitSearchOnComma(filter.value).map((value) => {
    const number = parameter.type === 'date' ? instantOf(value, isDay) : Number.parseFloat(value);
    return Number.isNaN(number) ? NEVER : condition(`${low} ${operator} ?`, number);
  });
  return operator === '<>' ? all(terms) : any(terms);
}

/** Medplum compares dates as points in time, and will not read a year or month where a whole day is stored. */
function instantOf(value: string, isDay: boolean): number {
  const instant = Date.parse(value);
  if (Number.isNaN(instant) || (isDay && !DATE.test(value))) {
    throw new OperationOutcomeError(badRequest(`Invalid date value: ${value}`));
  }
  return instant;
}

function likeText(value: string): string {
  return value.replace(/[\\%_]/g, (character) => `\\${character}`);
}
