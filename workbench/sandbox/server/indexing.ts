/** Turns a resource into search rows: words for tokens, strings, references; points for dates, numbers, quantities. */
import {
  convertToSearchableDates,
  convertToSearchableNumbers,
  convertToSearchableQuantities,
  convertToSearchableReferences,
  convertToSearchableStrings,
  convertToSearchableTokens,
  convertToSearchableUris,
  evalFhirPathTyped,
  getSearchParameterDetails,
  toTypedValue,
  type TypedValue,
} from '@medplum/core';
import type { Resource, SearchParameter } from '@medplum/fhirtypes';
import { parametersOf } from './definitions.ts';
import { pairedValues } from './pairs.ts';
import type { ParameterNumbers } from './parameters.ts';
import type { Store } from './store.ts';

/** What one search parameter says about one resource. */
type Entry =
  | { readonly kind: 'word'; readonly name: string; readonly value: string; readonly system: string }
  | { readonly kind: 'point'; readonly name: string; readonly low: number; readonly high: number };

/** Held in columns of their own, so not indexed. */
const OWN_COLUMNS = new Set(['_id', '_lastUpdated', '_project']);
/** Types whose strings are searched by the beginning of any word, not only of the whole. */
const WORDED_TYPES = new Set(['HumanName', 'Address', 'ContactPoint']);
const WORDED_PATHS = /\b(name\.(given|family)|address\.\w+)/;
const DISPLAY = '\u0000display'; // marks what core calls text search tokens

export const WORDS = ':words'; // lower-cased single words of names and addresses
export const TEXT = ':text'; // displays and texts of tokens

/** Writes the search rows of a resource in place of those it had. */
export function indexResource(
  store: Store,
  numbers: ParameterNumbers,
  key: number,
  isNew: boolean,
  resource: Resource | undefined,
): void {
  if (!isNew) {
    store.run('DELETE FROM word WHERE owner = ?', key);
    store.run('DELETE FROM point WHERE owner = ?', key);
  }
  if (!resource) {
    return;
  }
  const ranks = new Map<string, number>();
  const updated = Date.parse(resource.meta?.lastUpdated ?? '');
  for (const entry of searchEntries(resource, (name) => numbers.lacks(name))) {
    const rank = ranks.get(entry.name) ?? 0;
    ranks.set(entry.name, rank + 1);
    if (entry.kind === 'word') {
      store.run(
        'INSERT INTO word (owner, param, value, system, rank, updated) VALUES (?, ?, ?, ?, ?, ?)',
        key,
        numbers.of(entry.name),
        entry.value,
        entry.system,
        rank,
        updated,
      );
    } else {
      store.run(
        'INSERT INTO point (owner, param, low, high, rank, updated) VALUES (?, ?, ?, ?, ?, ?)',
        key,
        numbers.of(entry.name),
        entry.low,
        entry.high,
        rank,
        updated,
      );
    }
  }
}

/** The entries of a resource; `lack` hears the names of parameters it has no value for. */
function searchEntries(resource: Resource, lack: (name: string) => void): Entry[] {
  const entries: Entry[] = [];
  const root = toTypedValue(resource);
  for (const [code, parameter] of Object.entries(parametersOf(resource.resourceType))) {
    if (
      OWN_COLUMNS.has(code) ||
      !parameter.expression ||
      parameter.type === 'composite' ||
      parameter.type === 'special'
    ) {
      continue;
    }
    const values = evalFhirPathTyped(getSearchParameterDetails(resource.resourceType, parameter).parsedExpression, [
      root,
    ]);
    const found = values.length > 0 ? entriesOf(resource.resourceType, code, parameter, values) : [];
    if (found.length === 0) {
      lack(`${resource.resourceType}.${code}`);
    }
    entries.push(...found);
  }
  return [...entries, ...pairEntries(resource.resourceType, entries)];
}

function pairEntries(type: string, entries: readonly Entry[]): Entry[] {
  const valuesOf = (code: string): string[] =>
    entries.flatMap((entry) => (entry.kind === 'word' && entry.name === `${type}.${code}` ? [entry.value] : []));
  return pairedValues(type, valuesOf).map(({ code, value }) => word(`${type}.${code}`, value));
}

function entriesOf(type: string, code: string, parameter: SearchParameter, values: TypedValue[]): Entry[] {
  const name = `${type}.${code}`;
  switch (parameter.type) {
    case 'token':
      return tokenEntries(name, values);
    case 'string':
      return stringEntries(name, isWorded(type, parameter), values);
    case 'reference':
      return convertToSearchableReferences(values).map((value) => word(name, value));
    case 'uri':
      return convertToSearchableUris(values).map((value) => word(name, value));
    case 'date':
      return convertToSearchableDates(values).flatMap(({ start, end }) =>
        point(name, instant(start ?? end), instant(end ?? start)),
      );
    case 'number':
      return convertToSearchableNumbers(values).flatMap(([low, high]) => point(name, low ?? high, high ?? low));
    case 'quantity':
      return convertToSearchableQuantities(values).flatMap(({ value }) => point(name, value, value));
    default:
      return [];
  }
}

function tokenEntries(name: string, values: TypedValue[]): Entry[] {
  return convertToSearchableTokens(values, { textSearchSystem: DISPLAY }).map(({ system, value }) =>
    system === DISPLAY ? word(name + TEXT, (value ?? '').toLowerCase()) : word(name, value ?? '', system),
  );
}

/** A string is kept whole: lower-cased to search, as written (in `system`) for `:exact`; names also by their words. */
function stringEntries(name: string, worded: boolean, values: TypedValue[]): Entry[] {
  return convertToSearchableStrings(values).flatMap((text) => {
    const whole = word(name, text.toLowerCase(), text);
    return worded ? [whole, ...wordsOf(text).map((part) => word(name + WORDS, part))] : [whole];
  });
}

/** Whether a string parameter reads names, addresses or contact points, searched by the beginning of any word. */
export function isWorded(type: string, parameter: SearchParameter): boolean {
  const elements = getSearchParameterDetails(type, parameter).elementDefinitions ?? [];
  return (
    elements.some((element) => element.type?.some(({ code }) => WORDED_TYPES.has(code))) ||
    WORDED_PATHS.test(parameter.expression ?? '')
  );
}

/** The words that a name search compares: lower-cased runs of letters and digits. */
export function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

function word(name: string, value: string, system = ''): Entry {
  return { kind: 'word', name, value, system };
}

function point(name: string, low: number | undefined, high: number | undefined): Entry[] {
  return low === undefined || high === undefined || Number.isNaN(low) || Number.isNaN(high)
    ? []
    : [{ kind: 'point', name, low, high }];
}

function instant(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Date.parse(text);
}
