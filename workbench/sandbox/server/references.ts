/** Conditional references: `Patient?identifier=…` becomes a reference to the one resource that matches. */
import { badRequest, OperationOutcomeError, parseSearchRequest, type SearchRequest, type WithId } from '@medplum/core';
import type { Resource } from '@medplum/fhirtypes';

export type Find = (request: SearchRequest) => Promise<WithId<Resource>[]>;

/** The resource with every conditional reference resolved; the same object when it has none. */
export async function resolveReferences<T extends Resource>(resource: T, find: Find): Promise<T> {
  if (!JSON.stringify(resource).includes('?')) {
    return resource;
  }
  return (await resolveValue(resource, resource.resourceType, find)) as T;
}

async function resolveValue(value: unknown, path: string, find: Find): Promise<unknown> {
  if (Array.isArray(value)) {
    return Promise.all(value.map((element, index) => resolveValue(element, `${path}[${index}]`, find)));
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  const result: Record<string, unknown> = {};
  for (const [key, held] of Object.entries(value)) {
    result[key] =
      key === 'reference' && isConditional(held)
        ? await resolve(held, path, find)
        : await resolveValue(held, `${path}.${key}`, find);
  }
  return result;
}

function isConditional(reference: unknown): reference is string {
  return typeof reference === 'string' && /^[A-Z]\w*\?/.test(reference);
}

async function resolve(reference: string, path: string, find: Find): Promise<string> {
  const matches = await find({ ...parseSearchRequest(reference), count: 2, sortRules: undefined });
  const [match] = matches;
  if (!match || matches.length > 1) {
    const fault = match ? 'matched multiple resources' : 'did not match any resources';
    throw new OperationOutcomeError(badRequest(`Conditional reference '${reference}' ${fault}`, path));
  }
  return `${match.resourceType}/${match.id}`;
}
