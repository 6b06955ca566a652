/** `checkReferencesOnWrite`: refuses references to resources that do not exist. */
import { OperationOutcomeError } from '@medplum/core';
import type { OperationOutcomeIssue, Resource } from '@medplum/fhirtypes';

const LITERAL = /^([A-Z]\w*)\/([^/?]+)$/;

/** Throws one issue for each literal reference whose target `exists` denies. */
export function checkTargets(resource: Resource, exists: (type: string, id: string) => boolean): void {
  const issue: OperationOutcomeIssue[] = [];
  visit(resource, resource.resourceType, (reference, expression) => {
    const [, type, id] = LITERAL.exec(reference) ?? [];
    if (type && id && !exists(type, id)) {
      issue.push({
        severity: 'error',
        code: 'structure',
        details: { text: 'Invalid reference (Not found)' },
        expression: [expression],
      });
    }
  });
  if (issue.length > 0) {
    throw new OperationOutcomeError({ resourceType: 'OperationOutcome', id: crypto.randomUUID(), issue });
  }
}

function visit(value: unknown, path: string, found: (reference: string, path: string) => void): void {
  if (Array.isArray(value)) {
    value.forEach((element, index) => visit(element, `${path}[${index}]`, found));
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, held] of Object.entries(value)) {
      if (key === 'reference' && typeof held === 'string') {
        found(held, path);
      } else if (key !== 'meta') {
        visit(held, `${path}.${key}`, found);
      }
    }
  }
}
