/** Calls that the real server lets through and that destroy data: the sandbox does the same, and says so in its log. */
import { parseSearchRequest } from '@medplum/core';
import type { ResourceType } from '@medplum/fhirtypes';
import type { Call } from './http.ts';

const TYPE_PATH = /^\/fhir\/R4\/([A-Z]\w*)$/;
const DEGENERATE = /^(\||[^|]*\|)$/;

/** What is dangerous about a call that is about to be made, or undefined. */
export function dangerOf(call: Call, runsTransactions: boolean): string | undefined {
  const where = `${call.method} ${call.path}`;
  const ifMatch = call.headers['if-match'];
  if (ifMatch !== undefined && call.method !== 'PUT') {
    return `${where}: If-Match is read on PUT only; the write goes through whatever the version`;
  }
  if (ifMatch !== undefined && !/"[^"]+"/.test(ifMatch)) {
    return `${where}: If-Match without double quotes is ignored; the write goes through whatever the version`;
  }
  const type = TYPE_PATH.exec(call.path)?.[1];
  if (type && ['PUT', 'DELETE', 'PATCH'].includes(call.method) && !selects(type, call.target.split('?')[1] ?? '')) {
    return `${where}: the criteria select nothing in particular; the only ${type} there is would be lost`;
  }
  const ifNoneExist = call.headers['if-none-exist'];
  if (type && call.method === 'POST' && ifNoneExist && (ifNoneExist.startsWith('?') || !selects(type, ifNoneExist))) {
    return `${where}: If-None-Exist selects nothing in particular; an unrelated ${type} may be answered as existing`;
  }
  if (
    !runsTransactions &&
    /^\/fhir\/R4\/?$/.test(call.path) &&
    call.method === 'POST' &&
    /"type"\s*:\s*"transaction"/.test(new TextDecoder().decode(call.raw))
  ) {
    return `${where}: without the feature transaction-bundles this runs as a batch: good entries stay if others fail`;
  }
  return undefined;
}

/** Whether some filter of the query names a value, and no comma in it makes alternatives of one. */
function selects(type: string, query: string): boolean {
  try {
    const { filters = [] } = parseSearchRequest(type as ResourceType, Object.fromEntries(new URLSearchParams(query)));
    return filters.some(({ value }) => value !== '' && !DEGENERATE.test(value));
  } catch {
    return true; // a query that cannot be read is refused by the search itself
  }
}
