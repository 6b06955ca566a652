/** Runs a search: page, links, total, includes and the subset of fields. */
import {
  AccessPolicyInteraction,
  badRequest,
  DEFAULT_MAX_SEARCH_COUNT,
  DEFAULT_SEARCH_COUNT,
  forbidden,
  formatSearchQuery,
  getDataType,
  OperationOutcomeError,
  subsetResource,
  type SearchRequest,
  type WithId,
} from '@medplum/core';
import type { Bundle, BundleEntry, BundleLink, OperationOutcome, Resource } from '@medplum/fhirtypes';
import type { Actor } from './actor.ts';
import { ALWAYS, all, any, condition, type Condition } from './condition.ts';
import { isKnownType, summaryElements } from './definitions.ts';
import { visible } from './fields.ts';
import { searchRules, supports } from './policy.ts';
import type { SearchCompiler } from './searchsql.ts';
import { pageRows } from './sorting.ts';
import type { Store } from './store.ts';

const MAX_OFFSET = 10_000;
const CURSOR = /^2-(.+)$/;
const MIN_CURSOR_COUNT = 20;

interface Page {
  readonly resources: WithId<Resource>[];
  /** When the first row was written. */
  readonly first: number | undefined;
  /** When the first row of the following page was written; absent on the last page. */
  readonly next: number | undefined;
}

export interface SearchContext {
  readonly store: Store;
  readonly compiler: SearchCompiler;
  readonly actor: Actor;
  readonly baseUrl: string;
}

/** The searchset without includes. */
export function searchBundle(context: SearchContext, request: SearchRequest): Bundle<WithId<Resource>> {
  const types = request.types ?? [request.resourceType];
  const count = pageSize(request);
  const offset = Math.max(0, request.offset || 0); // NaN, of a text that is no number, is the beginning too
  checkPaging(request, offset);
  const where = any(types.map((type) => typeCondition(context, type, request)));
  const page =
    count > 0
      ? readPage(context, request, types, where, count, offset)
      : { resources: [], first: undefined, next: undefined };
  const total =
    request.total === 'accurate' || request.total === 'estimate'
      ? context.store.count(`SELECT 1 FROM resource r WHERE r.deleted = 0 AND ${where.sql}`, ...where.values)
      : undefined;
  const entry = page.resources.map((resource) => matchEntry(context, request, resource));
  return {
    resourceType: 'Bundle',
    type: 'searchset',
    ...(entry.length > 0 ? { entry } : {}),
    ...(total === undefined ? {} : { total }),
    link: links(context, request, page, count, offset),
  } as Bundle<WithId<Resource>>;
}

/** An unknown type is a 400 before any policy is asked; a type the policy lacks is a 403. */
export function checkType({ actor }: SearchContext, type: string): void {
  if (type === 'Binary') {
    throw new OperationOutcomeError(badRequest('Cannot search on Binary resource type'));
  }
  if (!isKnownType(type)) {
    throw new OperationOutcomeError(unknownType);
  }
  if (!supports(actor, AccessPolicyInteraction.SEARCH, type)) {
    throw new OperationOutcomeError(forbidden);
  }
}

export const unknownType: OperationOutcome = {
  resourceType: 'OperationOutcome',
  issue: [{ severity: 'error', code: 'structure', details: { text: 'Unknown resource type' } }],
};

function pageSize(request: SearchRequest): number {
  const count = request.count ?? DEFAULT_SEARCH_COUNT;
  return Number.isNaN(count) ? 0 : Math.min(Math.max(count, 0), DEFAULT_MAX_SEARCH_COUNT);
}

function checkPaging(request: SearchRequest, offset: number): void {
  if (offset > MAX_OFFSET) {
    throw new OperationOutcomeError(badRequest(`Search offset exceeds maximum (got ${offset}, max ${MAX_OFFSET})`));
  }
  if (request.cursor && request.offset !== undefined) {
    throw new OperationOutcomeError(badRequest('Cannot use both offset and cursor'));
  }
}

function typeCondition({ compiler, actor }: SearchContext, type: string, request: SearchRequest): Condition {
  const rules = searchRules(actor, type);
  const limited = rules?.every((rule) => rule.criteria);
  return all([
    condition('r.type = ?', type),
    actor.superAdmin ? ALWAYS : condition('r.project = ?', actor.project),
    limited ? any((rules ?? []).map((rule) => compiler.criteria(rule.criteria as string))) : ALWAYS,
    compiler.filters(type, request.filters),
  ]);
}

function readPage(
  context: SearchContext,
  request: SearchRequest,
  types: readonly string[],
  where: Condition,
  count: number,
  offset: number,
): Page {
  const since = cursorStart(request);
  const bounded = since === undefined ? where : all([where, condition('r.updated >= ?', since)]);
  const filters = types.length === 1 ? request.filters : undefined;
  const query = { type: types[0] as string, where: bounded, limit: count + 1, offset, filters, since };
  const rows = pageRows(context.store, context.compiler, request.sortRules, query);
  return {
    resources: rows.slice(0, count).map(({ seq }) => readVersion(context.store, seq)),
    first: rows[0]?.updated,
    next: rows[count]?.updated,
  };
}

function readVersion(store: Store, seq: number): WithId<Resource> {
  return JSON.parse(
    (store.one<{ content: string }>('SELECT content FROM version WHERE seq = ?', seq) as { content: string }).content,
  ) as WithId<Resource>;
}

/** The time at which a `_cursor` page begins; a text that is no cursor is ignored, as the server does. */
function cursorStart(request: SearchRequest): number | undefined {
  const match = request.cursor && byTime(request) ? CURSOR.exec(request.cursor) : null;
  if (!match) {
    return undefined;
  }
  const instant = Number(match[1]);
  if (Number.isNaN(instant)) {
    throw new OperationOutcomeError(badRequest('Invalid time value'));
  }
  return instant;
}

function byTime({ sortRules }: SearchRequest): boolean {
  return sortRules?.length === 1 && sortRules[0]?.code === '_lastUpdated' && !sortRules[0].descending;
}

function links(
  context: SearchContext,
  request: SearchRequest,
  page: Page,
  count: number,
  offset: number,
): BundleLink[] {
  const url = (changes: Partial<SearchRequest>): string => searchUrl(context, { ...request, count, ...changes });
  const result: BundleLink[] = [{ relation: 'self', url: url({}) }];
  if (page.resources.length === 0) {
    return result;
  }
  result.push({ relation: 'first', url: url({ offset: undefined, cursor: undefined }) });
  if (page.next !== undefined) {
    result.push({ relation: 'next', url: url(nextPage(request, page, count, offset)) });
  }
  if (offset > 0) {
    result.push({ relation: 'previous', url: url({ offset: Math.max(0, offset - count) }) });
  }
  return result;
}

/** A cursor is the time of the next row; where the whole page has that time it would not advance, so an offset does. */
function nextPage(request: SearchRequest, page: Page, count: number, offset: number): Partial<SearchRequest> {
  if (byTime(request) && request.offset === undefined && count >= MIN_CURSOR_COUNT && page.next !== page.first) {
    return { cursor: `2-${page.next}`, offset: undefined };
  }
  return { offset: offset + count };
}

export function searchUrl({ baseUrl }: SearchContext, request: SearchRequest): string {
  return `${baseUrl}fhir/R4/${request.types ? '' : request.resourceType}${formatSearchQuery(request)}`;
}

function matchEntry(
  context: SearchContext,
  request: SearchRequest,
  resource: WithId<Resource>,
): BundleEntry<WithId<Resource>> {
  return {
    fullUrl: `${context.baseUrl}fhir/R4/${resource.resourceType}/${resource.id}`,
    search: { mode: 'match' },
    resource: subset(request, visible(context.actor, resource)),
  } as BundleEntry<WithId<Resource>>;
}

/** `_fields`, `_elements` and `_summary` keep the mandatory elements of the type too. */
function subset(request: SearchRequest, resource: WithId<Resource>): WithId<Resource> {
  const asked = request.fields ?? (request.summary === 'true' ? summaryElements(resource.resourceType) : undefined);
  if (!asked) {
    return resource;
  }
  return subsetResource(resource, [...asked, ...mandatoryElements(resource.resourceType)]) as WithId<Resource>;
}

function mandatoryElements(type: string): string[] {
  return Object.entries(getDataType(type).elements)
    .filter(([, element]) => element.min > 0)
    .map(([name]) => name);
}
