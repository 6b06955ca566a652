// Expands the value sets to which elements are bound as required, as far as the definitions hold their codes.
const MOST_CODES = 3000;

/** Gives value set URL, as bindings name it, → codes; value sets that cannot be told whole are left out. */
export function expandValueSets(structures, terminology) {
  const byUrl = new Map(terminology.map((resource) => [`${resource.resourceType}/${resource.url}`, resource]));
  const expanded = {};
  for (const url of requiredBindings(structures)) {
    const codes = codesOf(byUrl, url.split('|')[0], new Set());
    if (codes && codes.length > 0 && codes.length <= MOST_CODES) {
      expanded[url] = [...new Set(codes)].sort();
    }
  }
  return expanded;
}

function requiredBindings(structures) {
  const elements = structures.flatMap((structure) => structure.snapshot.element);
  return new Set(
    elements
      .filter(({ binding }) => binding?.strength === 'required' && binding.valueSet)
      .map(({ binding }) => binding.valueSet),
  );
}

/** The codes of a value set, or undefined when some of it is not held here or is filtered. */
function codesOf(byUrl, url, seen) {
  const valueSet = byUrl.get(`ValueSet/${url}`);
  if (!valueSet?.compose || valueSet.compose.exclude || seen.has(url)) {
    return undefined;
  }
  seen.add(url);
  const parts = valueSet.compose.include.map((include) => includedCodes(byUrl, include, seen));
  return parts.includes(undefined) ? undefined : parts.flat();
}

function includedCodes(byUrl, include, seen) {
  if (include.filter) {
    return undefined;
  }
  if (include.concept) {
    return include.concept.map(({ code }) => code);
  }
  if (include.valueSet) {
    const parts = include.valueSet.map((url) => codesOf(byUrl, url.split('|')[0], seen));
    return parts.includes(undefined) ? undefined : parts.flat();
  }
  const system = byUrl.get(`CodeSystem/${include.system}`);
  return system?.content === 'complete' ? conceptCodes(system.concept ?? []) : undefined;
}

function conceptCodes(concepts) {
  return concepts.flatMap(({ code, concept }) => [code, ...conceptCodes(concept ?? [])]);
}
