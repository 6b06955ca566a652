/** Small changes to the shape of a resource on its way in and out. */
import {
  applyPatch,
  badRequest,
  deepClone,
  fhirpathPatchTypedValue,
  gone,
  normalizeOperationOutcome,
  OperationOutcomeError,
  parseFhirPathPatchParameters,
  toTypedValue,
  type Operation as PatchOperation,
  type WithId,
} from '@medplum/core';
import type { Parameters, Resource } from '@medplum/fhirtypes';

export function parse<T extends Resource>(content: string | null): WithId<T> {
  if (content === null) {
    throw new OperationOutcomeError(gone);
  }
  return JSON.parse(content) as WithId<T>;
}

export function patched<T extends Resource>(resource: T, patch: PatchOperation[] | Parameters): T {
  const copy = deepClone(resource);
  try {
    if (Array.isArray(patch)) {
      const faults = applyPatch(copy, patch).filter((fault) => fault !== null);
      if (faults.length > 0) {
        throw new OperationOutcomeError(badRequest(faults.map((fault) => fault.message).join('\n')));
      }
    } else {
      fhirpathPatchTypedValue(toTypedValue(copy), parseFhirPathPatchParameters(patch));
    }
  } catch (error) {
    throw new OperationOutcomeError(normalizeOperationOutcome(error));
  }
  return copy;
}

/** Drops empty arrays and strings, as the server does; whatever else is empty stays for validation to refuse. */
export function withoutEmpty<T>(value: T): T {
  if (Array.isArray(value)) {
    return value.map(withoutEmpty) as T;
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  const entries = Object.entries(value).filter(
    ([, held]) => held !== '' && !(Array.isArray(held) && held.length === 0),
  );
  return Object.fromEntries(entries.map(([key, held]) => [key, withoutEmpty(held as unknown)])) as T;
}

export function withoutServerMeta(resource: Resource): Resource {
  const {
    versionId: _v,
    lastUpdated: _l,
    author: _a,
    project: _p,
    compartment: _c,
    account: _ac,
    accounts: _as,
    ...rest
  } = resource.meta ?? {};
  return { ...resource, meta: Object.keys(rest).length > 0 ? rest : undefined } as Resource;
}

const STORAGE_LINK = /"http:\/\/127\.0\.0\.1:\d+\/storage\/([0-9a-f-]{36})\/[^"]*"/g;

/** Turns links to stored files, as reads show them, back into references to their Binaries. */
export function withoutLinks<T extends Resource>(resource: T): T {
  const text = JSON.stringify(resource);
  return text.includes('/storage/') ? (JSON.parse(text.replace(STORAGE_LINK, '"Binary/$1"')) as T) : resource;
}
