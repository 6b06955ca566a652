/** SQL fragments with their values. */
import type { SQLInputValue } from 'node:sqlite';

export interface Condition {
  readonly sql: string;
  readonly values: readonly SQLInputValue[];
}

export const ALWAYS: Condition = { sql: '1', values: [] };
export const NEVER: Condition = { sql: '0', values: [] };

export function condition(sql: string, ...values: SQLInputValue[]): Condition {
  return { sql, values };
}

export function not({ sql, values }: Condition): Condition {
  return { sql: `NOT (${sql})`, values };
}

export function all(conditions: readonly Condition[]): Condition {
  return joined(conditions, ' AND ', ALWAYS);
}

export function any(conditions: readonly Condition[]): Condition {
  return joined(conditions, ' OR ', NEVER);
}

function joined(conditions: readonly Condition[], operator: string, none: Condition): Condition {
  if (conditions.length === 0) {
    return none;
  }
  return {
    sql: `(${conditions.map(({ sql }) => sql).join(operator)})`,
    values: conditions.flatMap(({ values }) => values),
  };
}
