/**
 * The value that leads a search through its rows in order of time.
 *
 * Where every filter matches many rows, as the events of a busy bot do, the newest of them must be found without
 * reading the others: the search rows of one value are kept in order of time, so they can be walked from either end.
 */
import { Operator, splitSearchOnComma, type Filter } from '@medplum/core';
import { all, condition, type Condition } from './condition.ts';
import { pairedValues } from './pairs.ts';
import type { SearchCompiler } from './searchsql.ts';
import type { PageQuery, PageRow } from './sorting.ts';
import type { Store } from './store.ts';
import { pointTerm } from './terms.ts';

/** Fewer rows than this are looked up and sorted. */
const MANY = 500;
/** Counting stops here: beyond, one value leads as well as another. */
const MOST = 5000;
const LEADING_TYPES = new Set(['token', 'reference', 'uri']);

export interface Leader {
  readonly param: number;
  readonly value: string;
}

/**
 * A pair that is kept together; else the filter's value with the fewest rows, or undefined when some filter has few or
 * none has one plain value.
 */
export function leaderOf(
  store: Store,
  compiler: SearchCompiler,
  type: string,
  filters: readonly Filter[],
): Leader | undefined {
  const candidates = filters.flatMap((filter) => candidate(compiler, type, filter) ?? []);
  const [pair] = pairedValues(type, (code) =>
    candidates.flatMap(({ param, value }) => (param === compiler.numberOf(type, code) ? [value] : [])),
  );
  if (pair) {
    return { param: compiler.numberOf(type, pair.code), value: pair.value };
  }
  let best: Leader | undefined;
  let fewest = MOST + 1;
  for (const leader of candidates) {
    const limit = candidates.length > 1 ? MOST : MANY;
    const rows = store.count(
      `SELECT 1 FROM word WHERE param = ? AND value = ? LIMIT ${limit}`,
      leader.param,
      leader.value,
    );
    if (rows < MANY) {
      return undefined;
    }
    if (rows < fewest) {
      [best, fewest] = [leader, rows];
    }
  }
  return best;
}

function candidate(compiler: SearchCompiler, type: string, filter: Filter): Leader | undefined {
  const values = splitSearchOnComma(filter.value);
  const [value = ''] = values;
  if (filter.operator !== Operator.EQUALS || values.length > 1 || /[.:]|^_filter$/.test(filter.code)) {
    return undefined;
  }
  const parameter = compiler.parameter(type, filter.code);
  const code = parameter.type === 'token' ? value.slice(value.indexOf('|') + 1) : value;
  const isPlain =
    code !== '' && LEADING_TYPES.has(parameter.type) && (parameter.type !== 'reference' || code.includes('/'));
  return isPlain ? { param: compiler.numberOf(type, filter.code), value: code } : undefined;
}

/** The rows of a page in order of time, walked along the leader's rows. */
export function ledRows(
  store: Store,
  leader: Leader,
  filters: readonly Filter[],
  query: PageQuery,
  descending: boolean,
): PageRow[] {
  const direction = descending ? 'DESC' : 'ASC';
  const bounds = timeBounds(filters, query.since);
  return store.all<PageRow>(
    `SELECT r.seq, r.updated FROM word d CROSS JOIN resource r ON r.key = d.owner
      WHERE d.param = ? AND d.value = ? AND ${bounds.sql} AND r.deleted = 0 AND ${query.where.sql}
        AND NOT EXISTS (SELECT 1 FROM word x
          WHERE x.owner = d.owner AND x.param = d.param AND x.value = d.value AND x.rank < d.rank)
      ORDER BY d.updated ${direction}, d.owner ${direction} LIMIT ? OFFSET ?`,
    leader.param,
    leader.value,
    ...bounds.values,
    ...query.where.values,
    query.limit,
    query.offset,
  );
}

/** What `_lastUpdated` and a cursor say, on the column that orders the walk: so it begins where the time does. */
function timeBounds(filters: readonly Filter[], since: number | undefined): Condition {
  const isBound = ({ code, operator }: Filter): boolean =>
    code === '_lastUpdated' && operator !== Operator.MISSING && operator !== Operator.PRESENT;
  const bounds = filters.filter(isBound).map((filter) => pointTerm({ type: 'date' }, filter, false, 'd.updated'));
  return all(since === undefined ? bounds : [...bounds, condition('d.updated >= ?', since)]);
}
