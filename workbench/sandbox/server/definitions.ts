/** Loads the trimmed FHIR definitions and answers what the sandbox asks about resource types. */
import {
  getSearchParameters,
  indexDefaultSearchParameters,
  indexSearchParameterBundle,
  indexStructureDefinitionBundle,
} from '@medplum/core';
import type { Bundle, SearchParameter, StructureDefinition } from '@medplum/fhirtypes';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

interface Definitions {
  readonly structures: StructureDefinition[];
  readonly parameters: SearchParameter[];
  /** Resource type to the search parameters that put it into a Patient's compartment. */
  readonly compartments: Readonly<Record<string, readonly string[]>>;
  /** Value set, as bindings name it, to its codes; only those whose codes the definitions hold. */
  readonly valueSets: Readonly<Record<string, readonly string[]>>;
}

let loaded: Definitions | undefined;
let resourceTypes: ReadonlySet<string> = new Set();

/** Reads and indexes the definitions; must run before anything else of the server. */
export function loadDefinitions(path: URL): void {
  loaded = JSON.parse(gunzipSync(readFileSync(path)).toString('utf8')) as Definitions;
  indexStructureDefinitionBundle(loaded.structures);
  indexDefaultSearchParameters(loaded.structures);
  const entry = loaded.parameters.map((resource) => ({ resource }));
  indexSearchParameterBundle({ resourceType: 'Bundle', type: 'collection', entry } as Bundle<SearchParameter>);
  resourceTypes = new Set(
    loaded.structures
      .filter((s) => s.kind === 'resource' && !s.abstract && s.derivation !== 'constraint')
      .map((s) => s.type),
  );
}

export function isKnownType(resourceType: string): boolean {
  return resourceTypes.has(resourceType);
}

/** Whether a type is FHIR R4's own: not one that Medplum adds or takes from R5. */
export function isFhirType(resourceType: string): boolean {
  const url = loaded?.structures.find((s) => s.type === resourceType)?.url;
  return resourceType !== 'SubscriptionStatus' && url?.startsWith('http://hl7.org/fhir/') === true;
}

export function knownTypes(): readonly string[] {
  return [...resourceTypes].sort();
}

/** The search parameters of a type, by code. */
export function parametersOf(resourceType: string): Readonly<Record<string, SearchParameter>> {
  return getSearchParameters(resourceType) ?? {};
}

/** The codes whose references put a resource of this type into a Patient's compartment. */
export function patientCompartmentCodes(resourceType: string): readonly string[] {
  return loaded?.compartments[resourceType] ?? [];
}

/** The codes of a value set, if they are known. */
export function codesOf(valueSet: string): readonly string[] | undefined {
  return loaded?.valueSets[valueSet];
}

/** Top-level elements of a type that `_summary=true` shows. */
export function summaryElements(resourceType: string): readonly string[] {
  const structure = loaded?.structures.find((s) => s.type === resourceType && s.derivation !== 'constraint');
  const prefix = `${resourceType}.`;
  return (structure?.snapshot?.element ?? [])
    .filter((e) => e.isSummary && e.path?.startsWith(prefix) && !e.path.slice(prefix.length).includes('.'))
    .map((e) => (e.path ?? '').slice(prefix.length));
}
