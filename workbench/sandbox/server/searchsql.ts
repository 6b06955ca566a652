/** Turns the filters of a search into a condition on the `resource` table. */
import {
  badRequest,
  FhirFilterComparison,
  FhirFilterConnective,
  FhirFilterNegation,
  getSearchParameterDetails,
  Operator,
  OperationOutcomeError,
  parseFilterParameter,
  parseSearchRequest,
  splitSearchOnComma,
  type FhirFilterExpression,
  type Filter,
  type SearchRequest,
} from '@medplum/core';
import type { ResourceType, SearchParameter } from '@medplum/fhirtypes';
import { ALWAYS, all, any, condition, NEVER, not, type Condition } from './condition.ts';
import { parametersOf } from './definitions.ts';
import { isWorded, TEXT, WORDS, wordsOf } from './indexing.ts';
import type { ParameterNumbers } from './parameters.ts';
import type { Store } from './store.ts';
import { pointTerm, startsWith, stringTerm, wordTerm } from './terms.ts';

/** Up to this many rows a value is looked up first; beyond, candidates are tried in order until the page is full. */
const FEW = 500;
const POINT_TYPES = new Set(['date', 'number', 'quantity']);
const LINK = /^(\w[\w-]*)(?::(\w+))?\.(.+)$/;
const NEGATIVE: readonly Operator[] = [Operator.NOT, Operator.NOT_EQUALS];

export class SearchCompiler {
  private readonly store: Store;
  private readonly numbers: ParameterNumbers;
  private aliases = 0;

  constructor(store: Store, numbers: ParameterNumbers) {
    this.store = store;
    this.numbers = numbers;
  }

  filters(type: string, filters: readonly Filter[] | undefined, row = 'r'): Condition {
    return filters?.length ? all(filters.map((filter) => this.filter(type, filter, row))) : ALWAYS;
  }

  criteria(text: string, row = 'r'): Condition {
    const request: SearchRequest = parseSearchRequest(text);
    return this.filters(request.resourceType, request.filters, row);
  }

  /** The number of the search rows that `_sort` by this code reads, and which table has them. */
  sortRows(type: string, code: string): { table: 'word' | 'point'; column: 'value' | 'low'; param: number } {
    const points = POINT_TYPES.has(this.parameter(type, code).type);
    return {
      table: points ? 'point' : 'word',
      column: points ? 'low' : 'value',
      param: this.numbers.of(`${type}.${code}`),
    };
  }

  /** The number of a parameter's search rows. */
  numberOf(type: string, code: string): number {
    return this.numbers.of(`${type}.${code}`);
  }

  /** Whether some resource may have no value for a parameter. */
  isLacking(param: number): boolean {
    return this.numbers.isLacking(param);
  }

  /** The search parameter, or the error the server gives for a code it does not know. */
  parameter(type: string, code: string): SearchParameter {
    const parameter = parametersOf(type)[code];
    if (!parameter) {
      throw new OperationOutcomeError(badRequest(`Unknown search parameter: ${code}`));
    }
    return parameter;
  }

  private filter(type: string, filter: Filter, row: string): Condition {
    if (filter.code === '_filter') {
      return this.expression(type, parseFilterParameter(filter.value), row);
    }
    if (filter.code.startsWith('_has:')) {
      return this.reverseLink(type, filter, row);
    }
    if (filter.code.includes('.')) {
      return this.link(type, filter, row);
    }
    const parameter = this.parameter(type, filter.code);
    if (filter.operator === Operator.MISSING || filter.operator === Operator.PRESENT) {
      return this.presence(type, parameter, filter, row);
    }
    switch (filter.code) {
      case '_id':
        return ownColumn(`${row}.id`, filter);
      case '_project':
        return ownColumn(`${row}.project`, filter);
      case '_lastUpdated':
        return pointTerm(parameter, filter, false, `${row}.updated`);
      default:
        return this.indexed(type, parameter, filter, row);
    }
  }

  private indexed(type: string, parameter: SearchParameter, filter: Filter, row: string): Condition {
    const name = `${type}.${filter.code}`;
    if (parameter.type === 'composite' || parameter.type === 'special') {
      throw new OperationOutcomeError(
        badRequest(`Search parameter type ${parameter.type} is not supported: ${filter.code}`),
      );
    }
    if (POINT_TYPES.has(parameter.type)) {
      return this.rows('point p', name, pointTerm(parameter, filter, isDay(type, parameter), 'p.low'), row, true);
    }
    if (parameter.type === 'token' && isPlainToken(type, parameter)) {
      return this.plainToken(type, parameter, filter, row);
    }
    if (filter.operator === Operator.TEXT) {
      return any(
        splitSearchOnComma(filter.value).map((value) =>
          this.rows('word w', name + TEXT, startsWith(value.toLowerCase()), row, true),
        ),
      );
    }
    const scanned = filter.operator === Operator.CONTAINS || filter.operator === Operator.ABOVE;
    if (parameter.type === 'string') {
      const byWord = isWorded(type, parameter) && filter.operator !== Operator.EXACT && !scanned;
      return byWord
        ? this.byWords(name + WORDS, filter, row)
        : this.rows('word w', name, stringTerm(filter), row, !scanned);
    }
    const match = this.rows('word w', name, wordTerm(parameter, filter), row, !scanned);
    return NEGATIVE.includes(filter.operator) ? not(match) : match;
  }

  /** A code or boolean is a column of its own: it is compared whole, whatever else the modifier asks for. */
  private plainToken(type: string, parameter: SearchParameter, filter: Filter, row: string): Condition {
    const isFlag = getSearchParameterDetails(type, parameter).type === 'BOOLEAN';
    if (isFlag && filter.value !== 'true' && filter.value !== 'false') {
      throw new OperationOutcomeError(badRequest(`Boolean search value must be 'true' or 'false'`));
    }
    const whole = filter.operator === Operator.CONTAINS ? { ...filter, operator: Operator.EQUALS } : filter;
    const match = this.rows('word w', `${type}.${filter.code}`, wordTerm(parameter, whole), row, true);
    return NEGATIVE.includes(filter.operator) ? not(match) : match;
  }

  private byWords(name: string, filter: Filter, row: string): Condition {
    return any(
      splitSearchOnComma(filter.value).map((value) => {
        const words = wordsOf(value);
        return words.length === 0
          ? NEVER
          : all(words.map((word) => this.rows('word w', name, startsWith(word), row, true)));
      }),
    );
  }

  /** Resources with a matching search row: looked up by value when that gives few, else probed one by one. */
  private rows(table: 'word w' | 'point p', name: string, term: Condition, row: string, countable: boolean): Condition {
    if (term === NEVER || term.sql === NEVER.sql) {
      return NEVER;
    }
    const alias = table.slice(-1);
    const param = this.numbers.of(name);
    const where = `FROM ${table} WHERE ${alias}.param = ? AND (${term.sql})`;
    if (countable && this.store.count(`SELECT 1 ${where} LIMIT ${FEW}`, param, ...term.values) < FEW) {
      return condition(`${row}.key IN (SELECT ${alias}.owner ${where})`, param, ...term.values);
    }
    // By its own choice SQLite would walk the matching values again for each row.
    const probed = where.replace(table, `${table} INDEXED BY ${table.slice(0, -2)}_owner`);
    return condition(`EXISTS (SELECT 1 ${probed} AND ${alias}.owner = ${row}.key)`, param, ...term.values);
  }

  private presence(type: string, parameter: SearchParameter, filter: Filter, row: string): Condition {
    const table = POINT_TYPES.has(parameter.type) ? 'point' : 'word';
    const present = condition(
      `EXISTS (SELECT 1 FROM ${table} x WHERE x.owner = ${row}.key AND x.param = ?)`,
      this.numbers.of(`${type}.${filter.code}`),
    );
    const wantsMissing = (filter.operator === Operator.MISSING) === (filter.value === 'true');
    return wantsMissing ? not(present) : present;
  }

  /** `subject:Patient.identifier=…`: the resource refers to one that matches. */
  private link(type: string, filter: Filter, row: string): Condition {
    const [, code = '', named, rest = ''] = LINK.exec(filter.code) ?? [];
    const parameter = this.parameter(type, code);
    const target = named ?? (parameter.target?.length === 1 ? parameter.target[0] : undefined);
    if (!target) {
      throw new OperationOutcomeError(
        badRequest(`Unable to identify next resource type for search parameter: ${type}?${code}`),
      );
    }
    const other = this.alias();
    const inner = this.filters(target, linkedFilters(target, rest, filter.value), other);
    return condition(
      `EXISTS (SELECT 1 FROM word l JOIN resource ${other} ON ${other}.type = ? AND ${other}.id = substr(l.value, ?)
        WHERE l.owner = ${row}.key AND l.param = ?
        AND l.value LIKE ? AND ${other}.deleted = 0 AND ${inner.sql})`,
      target,
      target.length + 2,
      this.numbers.of(`${type}.${code}`),
      `${target}/%`,
      ...inner.values,
    );
  }

  /** `_has:Observation:subject:code=…`: another resource that matches refers to this one. */
  private reverseLink(type: string, filter: Filter, row: string): Condition {
    const [, source = '', code = '', ...rest] = filter.code.split(':');
    this.parameter(source, code);
    const other = this.alias();
    const inner = this.filters(source, linkedFilters(source, rest.join(':'), filter.value), other);
    return condition(
      `EXISTS (SELECT 1 FROM word l JOIN resource ${other} ON ${other}.key = l.owner
        WHERE l.param = ? AND l.value = ? || ${row}.id
        AND ${other}.deleted = 0 AND ${inner.sql})`,
      this.numbers.of(`${source}.${code}`),
      `${type}/`,
      ...inner.values,
    );
  }

  private expression(type: string, expression: FhirFilterExpression, row: string): Condition {
    if (expression instanceof FhirFilterNegation) {
      return not(this.expression(type, expression.child, row));
    }
    if (expression instanceof FhirFilterConnective) {
      const sides = [this.expression(type, expression.left, row), this.expression(type, expression.right, row)];
      return expression.keyword === 'and' ? all(sides) : any(sides);
    }
    if (expression instanceof FhirFilterComparison) {
      return this.filter(type, { code: expression.path, operator: expression.operator, value: expression.value }, row);
    }
    throw new OperationOutcomeError(badRequest('Unknown filter expression'));
  }

  private alias(): string {
    this.aliases += 1;
    return `r${this.aliases}`;
  }
}

function linkedFilters(type: string, code: string, value: string): readonly Filter[] | undefined {
  return parseSearchRequest(type as ResourceType, { [code]: value }).filters;
}

function ownColumn(column: string, filter: Filter): Condition {
  const values = splitSearchOnComma(filter.value);
  const match = condition(`${column} IN (${values.map(() => '?').join(', ')})`, ...values);
  return NEGATIVE.includes(filter.operator) ? not(match) : match;
}

/** Whether a token is stored as one primitive: of such Medplum keeps neither systems nor words. */
function isPlainToken(type: string, parameter: SearchParameter): boolean {
  const elements = getSearchParameterDetails(type, parameter).elementDefinitions ?? [];
  const codes = elements.flatMap((element) => element.type?.map(({ code }) => code) ?? []);
  return codes.length > 0 && codes.every((code) => /^[a-z]/.test(code));
}

function isDay(type: string, parameter: SearchParameter): boolean {
  return getSearchParameterDetails(type, parameter).type === 'DATE';
}
