/** The rows of a sorted page: by the index of the sort's values when many rows match, by sorting them when few do. */
import type { Filter, SearchRequest, SortRule } from '@medplum/core';
import type { SQLInputValue } from 'node:sqlite';
import { condition, type Condition } from './condition.ts';
import { leaderOf, ledRows } from './leading.ts';
import type { SearchCompiler } from './searchsql.ts';
import type { Store } from './store.ts';

/** Up to this many matching rows are sorted; more are read in the order of the index until the page is full. */
const FEW = 1000;

export interface PageRow {
  readonly seq: number;
  readonly updated: number;
}

export interface PageQuery {
  readonly type: string;
  readonly where: Condition;
  readonly limit: number;
  readonly offset: number;
  /** The filters of a search of one type. */
  readonly filters: readonly Filter[] | undefined;
  /** The time at which the page begins, if a cursor says so. */
  readonly since: number | undefined;
}

export function pageRows(
  store: Store,
  compiler: SearchCompiler,
  rules: SearchRequest['sortRules'],
  query: PageQuery,
): PageRow[] {
  const [rule, ...more] = rules ?? [];
  if (rule && more.length === 0 && !ownColumn(rule) && matchesMany(store, query)) {
    return indexedRows(store, compiler, rule, query);
  }
  const byTime = more.length === 0 && (!rule || rule.code === '_lastUpdated');
  const leader = byTime && query.filters ? leaderOf(store, compiler, query.type, query.filters) : undefined;
  if (leader && query.filters) {
    return ledRows(store, leader, query.filters, query, rule?.descending === true);
  }
  const order = orderBy(compiler, query.type, rules ?? []);
  return store.all<PageRow>(
    `SELECT r.seq, r.updated FROM resource r WHERE r.deleted = 0 AND ${query.where.sql} ${order.sql} LIMIT ? OFFSET ?`,
    ...query.where.values,
    ...order.values,
    query.limit,
    query.offset,
  );
}

/** As PostgreSQL sorts: rows without a value come last, and first when descending. */
function orderBy(compiler: SearchCompiler, type: string, rules: readonly SortRule[]): Condition {
  const values: SQLInputValue[] = [];
  const keys = rules.map((rule) => {
    const direction = rule.descending ? 'DESC NULLS FIRST' : 'ASC NULLS LAST';
    const column = ownColumn(rule);
    if (column) {
      return `${column} ${direction}`;
    }
    const rows = compiler.sortRows(type, rule.code);
    values.push(rows.param);
    const value = `SELECT x.${rows.column} FROM ${rows.table} x WHERE x.owner = r.key AND x.param = ? AND x.rank = 0`;
    return `(${value}) ${direction}`;
  });
  const last = rules.at(-1)?.descending ? 'r.key DESC' : 'r.key';
  return condition(`ORDER BY ${[...keys, last].join(', ')}`, ...values);
}

function ownColumn({ code }: SortRule): string | undefined {
  return code === '_lastUpdated' ? 'r.updated' : code === '_id' ? 'r.id' : undefined;
}

function matchesMany(store: Store, { where }: PageQuery): boolean {
  const select = `SELECT 1 FROM resource r WHERE r.deleted = 0 AND ${where.sql} LIMIT ${FEW}`;
  return store.count(select, ...where.values) === FEW;
}

function indexedRows(
  store: Store,
  compiler: SearchCompiler,
  rule: SortRule,
  { type, where, limit, offset }: PageQuery,
): PageRow[] {
  const { table, column, param } = compiler.sortRows(type, rule.code);
  const direction = rule.descending ? 'DESC' : 'ASC';
  const valued: Part = {
    from: `${table} s CROSS JOIN resource r ON r.key = s.owner
      WHERE s.param = ? AND s.rank = 0 AND r.deleted = 0 AND ${where.sql}`,
    order: `s.${column} ${direction}, s.updated ${direction}, s.owner ${direction}`,
    values: [param, ...where.values],
  };
  const missing: Part = {
    from: `resource r WHERE r.deleted = 0 AND ${where.sql}
      AND NOT EXISTS (SELECT 1 FROM ${table} x WHERE x.owner = r.key AND x.param = ?)`,
    order: 'r.key',
    values: [...where.values, param],
  };
  if (!compiler.isLacking(param)) {
    return partRows(store, valued, limit, offset);
  }
  const [first, second] = rule.descending ? [missing, valued] : [valued, missing];
  const rows = partRows(store, first, limit, offset);
  if (rows.length === limit) {
    return rows;
  }
  const skipped = rows.length > 0 ? offset + rows.length : partCount(store, first);
  return [...rows, ...partRows(store, second, limit - rows.length, Math.max(0, offset - skipped))];
}

/** The rows with a value, or those without. */
interface Part {
  readonly from: string;
  readonly order: string;
  readonly values: readonly SQLInputValue[];
}

function partRows(store: Store, { from, order, values }: Part, limit: number, offset: number): PageRow[] {
  return store.all<PageRow>(
    `SELECT r.seq, r.updated FROM ${from} ORDER BY ${order} LIMIT ? OFFSET ?`,
    ...values,
    limit,
    offset,
  );
}

function partCount(store: Store, { from, values }: Part): number {
  return store.count(`SELECT 1 FROM ${from}`, ...values);
}
