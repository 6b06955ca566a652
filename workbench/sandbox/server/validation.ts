/** Strict validation, with the answers of the 5.0.2 server where later versions of core check more. */
import { OperationOutcomeError, validateResource, type TypedValueWithPath } from '@medplum/core';
import type { CodeableConcept, Coding, OperationOutcomeIssue, Resource } from '@medplum/fhirtypes';
import { codesOf } from './definitions.ts';

/** 2026-02-30 is stored by 5.0.2; later versions of core look at the calendar. */
const LATER_CHECKS = /^Invalid (date|dateTime|instant|time) value$/;
/** Texts that later versions reworded. */
const REWORDED: Readonly<Record<string, string>> = {
  'Expected number to be in the range 1..2147483647': 'Expected number to be positive',
  'Expected number to be in the range 0..2147483647': 'Expected number to be non-negative',
};

/** Throws all faults of a resource at once; its codes are looked at only with `checksCodes`. */
export function validate(resource: Resource, checksCodes = false): void {
  const tokens: Record<string, TypedValueWithPath[]> = {};
  validateStructure(resource, checksCodes ? tokens : undefined);
  const issue = Object.entries(tokens).flatMap(([valueSet, values]) => unknownCodes(valueSet, values));
  if (issue.length > 0) {
    throw new OperationOutcomeError({ resourceType: 'OperationOutcome', issue });
  }
}

function validateStructure(resource: Resource, tokens: Record<string, TypedValueWithPath[]> | undefined): void {
  try {
    validateResource(resource, tokens ? { collect: { tokens } } : undefined);
  } catch (error) {
    const issue = error instanceof OperationOutcomeError ? asBefore(error.outcome.issue) : undefined;
    if (!issue || !(error instanceof OperationOutcomeError)) {
      throw error;
    }
    if (issue.length > 0) {
      throw new OperationOutcomeError({ ...error.outcome, issue }, { cause: error });
    }
  }
}

function asBefore(issues: readonly OperationOutcomeIssue[]): OperationOutcomeIssue[] {
  return issues
    .filter(({ details }) => !LATER_CHECKS.test(details?.text ?? ''))
    .map((issue) => {
      const text = REWORDED[issue.details?.text ?? ''];
      return text ? { ...issue, details: { text } } : issue;
    });
}

function unknownCodes(valueSet: string, values: readonly TypedValueWithPath[]): OperationOutcomeIssue[] {
  const known = codesOf(valueSet);
  return known
    ? values
        .filter(({ value }) => !given(value).some((code) => known.includes(code)))
        .map(({ value, path }) => ({
          severity: 'error',
          code: 'value',
          expression: [path],
          details: { text: `Value ${JSON.stringify(value)} did not satisfy terminology binding ${valueSet}` },
        }))
    : [];
}

function given(value: unknown): string[] {
  if (typeof value === 'string') {
    return [value];
  }
  const codings = (value as CodeableConcept).coding ?? [value as Coding];
  return codings.flatMap(({ code }) => code ?? []);
}
