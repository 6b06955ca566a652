// Trims the FHIR and Medplum definitions (93 MB) to the fields that @medplum/core and the sandbox read.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expandValueSets } from './expand.mjs';

const ELEMENT_FIELDS = [
  'id',
  'path',
  'sliceName',
  'slicing',
  'min',
  'max',
  'base',
  'type',
  'contentReference',
  'isSummary',
];

/** Gives {structures, parameters, compartments, valueSets}: what the server indexes when it starts. */
export function trimDefinitions(folder) {
  const read = (name) => JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'));
  const resources = (name) => read(name).entry.map((entry) => entry.resource);
  const structures = ['profiles-types', 'profiles-resources', 'profiles-medplum']
    .flatMap(resources)
    .filter((resource) => resource.resourceType === 'StructureDefinition')
    .map(trimStructure);
  const parameters = ['search-parameters', 'search-parameters-medplum']
    .flatMap(resources)
    .filter((resource) => resource.resourceType === 'SearchParameter')
    .map(({ resourceType, id, url, name, code, base, type, expression, target }) => ({
      resourceType,
      id,
      url,
      name,
      code,
      base,
      type,
      expression,
      target,
    }));
  const compartments = Object.fromEntries(
    read('compartmentdefinition-patient')
      .resource.filter((entry) => entry.param)
      .map((entry) => [entry.code, entry.param]),
  );
  const terminology = ['valuesets', 'v3-codesystems', 'valuesets-medplum', 'valuesets-medplum-generated']
    .flatMap(resources)
    .filter(({ resourceType }) => resourceType === 'ValueSet' || resourceType === 'CodeSystem');
  return { structures, parameters, compartments, valueSets: expandValueSets(structures, terminology) };
}

function trimStructure(structure) {
  const { resourceType, id, url, name, type, kind, abstract, derivation, baseDefinition, snapshot } = structure;
  return {
    resourceType,
    id,
    url,
    name,
    type,
    kind,
    abstract,
    derivation,
    baseDefinition,
    snapshot: { element: snapshot.element.map(trimElement) },
  };
}

function trimElement(element) {
  const trimmed = {};
  for (const field of ELEMENT_FIELDS) {
    if (element[field] !== undefined) {
      trimmed[field] = element[field];
    }
  }
  for (const [field, value] of Object.entries(element)) {
    if (field.startsWith('fixed') || field.startsWith('pattern')) {
      trimmed[field] = value;
    }
  }
  if (element.constraint) {
    trimmed.constraint = element.constraint.map(({ key, severity, human, expression }) => ({
      key,
      severity,
      human,
      expression,
    }));
  }
  if (element.binding) {
    trimmed.binding = { strength: element.binding.strength, valueSet: element.binding.valueSet };
  }
  return trimmed;
}
