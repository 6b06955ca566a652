/** The HTTP form of a FHIR answer: status, version headers, `Prefer` and `If-None-Match`. */
import { getStatus } from '@medplum/core';
import type { OperationOutcome, Resource } from '@medplum/fhirtypes';
import { FHIR_JSON, type Answer, type Call } from './http.ts';
import { represent } from './meta.ts';
import { traced } from './outcomes.ts';

/** The answer to an outcome: the resource if there is one, else the outcome itself. */
export function fhirAnswer(call: Call, baseUrl: string, outcome: OperationOutcome, resource?: Resource): Answer {
  const status = getStatus(outcome);
  const headers = resource ? versionHeaders(resource) : {};
  if (status === 201 && resource) {
    headers['location'] = `${baseUrl}fhir/R4/${resource.resourceType}/${resource.id}`;
  }
  const isKnown =
    call.method === 'GET' && headers['etag'] !== undefined && call.headers['if-none-match'] === headers['etag'];
  if (isKnown) {
    return { status: 304, type: FHIR_JSON, body: '', headers };
  }
  if (call.headers['prefer']?.includes('return=minimal') && status < 400) {
    return { status, type: FHIR_JSON, body: '', headers };
  }
  const isExtended = call.headers['x-medplum'] === 'extended';
  const body = represent(resource ?? traced(outcome, call.trace), isExtended, call.query['_pretty'] === 'true');
  return { status, type: FHIR_JSON, headers, body };
}

function versionHeaders({ meta }: Resource): Record<string, string> {
  return meta?.versionId
    ? { etag: `W/"${meta.versionId}"`, 'last-modified': new Date(meta.lastUpdated ?? 0).toUTCString() }
    : {};
}
