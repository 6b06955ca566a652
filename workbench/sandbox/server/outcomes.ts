/** Outcomes that @medplum/core does not name, and the two ways of raising one. */
import { badRequest, OperationOutcomeError } from '@medplum/core';
import type { OperationOutcome } from '@medplum/fhirtypes';

const TRACING = 'https://medplum.com/fhir/StructureDefinition/tracing';

/** The trace that a request carries through outcomes, bots and AuditEvents. */
export interface Trace {
  readonly requestId: string;
  readonly traceId: string;
}

export function tracingExtension(trace: Trace): { url: string; extension: { url: string; valueId: string }[] } {
  return {
    url: TRACING,
    extension: [
      { url: 'requestId', valueId: trace.requestId },
      { url: 'traceId', valueId: trace.traceId },
    ],
  };
}

/** The outcome with the request's trace on it, as every outcome of the server has it. */
export function traced(outcome: OperationOutcome, trace: Trace): OperationOutcome {
  return { ...outcome, extension: [tracingExtension(trace)] };
}

export function raise(outcome: OperationOutcome): never {
  throw new OperationOutcomeError(outcome);
}

export function refuse(text: string, expression?: string): never {
  return raise(badRequest(text, expression));
}

/** What express-validator makes of a missing field: a random id, the field in `expression`. */
export function missingField(field: string, text: string): OperationOutcome {
  return {
    resourceType: 'OperationOutcome',
    id: crypto.randomUUID(),
    issue: [{ severity: 'error', code: 'invalid', expression: [field], details: { text } }],
  };
}
