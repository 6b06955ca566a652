// What the JavaScript of a compiled mapping calls: functions.py in JavaScript, function by function.
// `undefined` stands for missing and for null, because in a mapping they are the same.

function helperFault(code, expected, found, remedy) {
  const error = new Error(expected + ", found " + kindOf(found) + "; " + remedy);
  error.code = code;
  return error;
}

// What a value is, never what it says.
function kindOf(value) {
  if (value === undefined || value === null) return "nothing";
  if (typeof value === "string") return "a text of " + [...value].length + " characters";
  if (Array.isArray(value)) return "a list";
  return { boolean: "a boolean", number: "a number", object: "an object" }[typeof value] || typeof value;
}

// The Money of an amount in the provider's minor units; `scales` remembers the currencies met: [scale, code].
function moneyOf(exponents, scales, amount, currency) {
  if (amount === undefined || amount === null) return undefined;
  if (!Number.isInteger(amount) || Math.abs(amount) > 999999999999999) {
    const found = typeof amount === "number" ? "a number with a fraction, or of more than 15 digits" : kindOf(amount);
    const error = new Error("money: an amount is a whole number of minor units, found " + found + "; give the event's integer amount");
    error.code = "money-amount";
    throw error;
  }
  let known = typeof currency === "string" ? scales.get(currency) : undefined;
  if (known === undefined) {
    if (typeof currency !== "string" || !/^[A-Za-z]{3}$/.test(currency)) {
      const error = new Error("money: a currency is three letters, found " + kindOf(currency) + "; give the event's currency code, such as invoice.currency");
      error.code = "money-currency";
      throw error;
    }
    const code = currency.toUpperCase();
    known = [10 ** (Object.hasOwn(exponents, code) ? exponents[code] : 2), code];
    scales.set(currency, known);
  }
  return { value: amount / known[0], currency: known[1] };
}

function idOf(value) {
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value === "string") return value;
  if (typeof value === "object" && !Array.isArray(value) && typeof value.id === "string" && value.id) return value.id;
  throw helperFault("id", "an id is a text, or an object with a text id", value, "give the field that holds the id");
}

// A code without translation is noted with the place of the part that asked, the one of number `at`.
function codeOf(mapping, name, code, at, problems) {
  const map = mapping.codes[name];
  if (code === undefined || code === null) return undefined;
  if (typeof code !== "string") throw helperFault("code", "a code to translate is a text", code, "turn it into one with $string");
  if (Object.hasOwn(map.table, code)) return map.table[code];
  if (map.unmapped === "same") return code || undefined;
  if (map.unmapped === "fixed") return map.fixed;
  const place = mapping.places[at];
  if (problems) problems.push({ code: "unmapped-code", rule: place[0], path: pathOf(place) });
  return undefined;
}

// A place is [rule, path in the rule, FHIR path]; the parts of `vars` are in no rule.
function pathOf(place) {
  return place[0] === null ? place[1] : "resources." + place[0] + "." + place[1];
}

// An error with the place of the part that failed.
function placedFault(error, place) {
  if (place) {
    error.rule = place[0];
    error.source = pathOf(place);
    error.target = place[2];
  }
  return error;
}

const DEGENERATE =
  /[\x00-\x1f\x7f-\x9f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]|^[\x20\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]|[\x20\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]$/;

const LONGEST_IDENTITY = 2000; // characters: it becomes part of a URL

function isShort(value) {
  return value.length <= LONGEST_IDENTITY || (value.length <= 2 * LONGEST_IDENTITY && [...value].length <= LONGEST_IDENTITY);
}

function identityValue(value) {
  if (typeof value === "string" && value && isShort(value) && !DEGENERATE.test(value)) return value;
  const expected = "an identity's value is a text of at most " + LONGEST_IDENTITY + " characters, none a control character, no blank at its ends";
  throw helperFault("identity", expected, value, "give the provider's own id; a number needs $string");
}

function searchToken(value) {
  return encodeURIComponent(value.replace(/[\\,$|]/g, "\\$&"));
}

// The value without nulls and empties, undefined where nothing is left.
function pruned(value) {
  if (typeof value === "string") return value || undefined;
  return value === undefined || value === null ? undefined : prunedValue(value, 0);
}

function prunedValue(value, depth) {
  if (typeof value === "string") return value || undefined;
  if (value === undefined || value === null) return undefined;
  if (typeof value === "boolean") return value;
  if (typeof value === "number") {
    if (Math.abs(value) <= 9007199254740991) return value;
    throw helperFault("number", "a number beyond 2^53 does not survive JSON", value, "map it as a text, if the event has one");
  }
  if (typeof value !== "object") {
    throw helperFault("type", "an expression gave what JSON cannot hold", value, "give a text, number, boolean, list or object");
  }
  if (depth > 200) throw helperFault("depth", "a value is nested more than 200 levels deep", value, "map the parts you need");
  if (Array.isArray(value)) {
    const parts = value.map((item) => prunedValue(item, depth + 1)).filter((item) => item !== undefined);
    return parts.length ? parts : undefined;
  }
  const parts = {};
  for (const key of Object.keys(value)) {
    const part = prunedValue(value[key], depth + 1);
    if (part !== undefined) Object.defineProperty(parts, key, { value: part, enumerable: true, writable: true, configurable: true });
  }
  return Object.keys(parts).length ? parts : undefined;
}

// The elements to go through: a list's own without its nulls, a single value alone, nothing for missing.
function elementsOf(value) {
  if (Array.isArray(value)) return value.includes(null) ? value.filter((item) => item !== null) : value;
  return value === undefined || value === null ? [] : [value];
}

// The value of a field at the end of a path, as JSONata finds it in an object or in each element of a list.
function field(state, name) {
  if (isObject(state)) return Object.hasOwn(state, name) ? state[name] ?? undefined : undefined;
  return Array.isArray(state) ? nameLast(state, name, true) ?? undefined : undefined;
}

// What a path has reached behind a name in its middle.
function step(state, name) {
  if (isObject(state)) return Object.hasOwn(state, name) ? state[name] ?? undefined : undefined;
  return Array.isArray(state) ? nameMid(state, name, true) ?? undefined : undefined;
}

// What gives the fields of a state by their names: of a list, as JSONata does, the field of each of its elements.
function fieldsOf(state) {
  if (isObject(state)) return state;
  return Array.isArray(state) ? new Proxy({}, { get: (_, name) => nameLast(state, name, true) }) : NO_FIELDS;
}

const NO_FIELDS = Object.freeze(Object.create(null));

// $sum(state.name)
function totalIn(state, name) {
  if (!Array.isArray(state)) return total(clean(field(state, name)));
  let found;
  for (const item of state) {
    const value = isObject(item) && Object.hasOwn(item, name) ? item[name] : undefined;
    if (!Number.isSafeInteger(value)) return total(clean(field(state, name)));
    found = found === undefined ? value : found + value;
  }
  return found;
}

// state.name[index]
function itemIn(state, name, index) {
  if (state === undefined || state === null) return undefined;
  const items = isObject(state) && Object.hasOwn(state, name) ? state[name] : undefined;
  if (Array.isArray(items) && !items.includes(null)) {
    const item = items[index < 0 ? items.length + index : index];
    if (!Array.isArray(item)) return item;
  }
  const next = (context) => filterAt(collapse(lookup(context, name, true)), index, true);
  return collapse(stepLast(newRun(), state, next, true, true));
}

// $sum(values)
function total(values) {
  return sumOf(listOf(values, "n", 0));
}

// $append(one, other)
function joinedLists(run, one, other) {
  return collapse(append(run, one, other));
}

// $lookup(object, key)
function lookupIn(object, key) {
  return collapse(typeof key === "string" ? lookupValue(object, key) : checked(null, lookupValue, "<x-s:x>", null, object, key));
}

// What JSONata's $boolean says of a value; missing is false.
function holds(value) {
  if (Array.isArray(value)) return value.some(holds);
  if (value === undefined || value === null || typeof value !== "object") return Boolean(value);
  return Object.values(value).some((item) => item !== undefined && item !== null);
}

function optionalIdentity(value) {
  return value === undefined || value === null || value === "" ? undefined : identityValue(value);
}

function eachOnce(items) {
  const seen = new Set();
  return items.filter((item) => {
    const text = JSON.stringify(item);
    return !seen.has(text) && seen.add(text);
  });
}

// The object, or undefined where it is empty.
function filled(value) {
  for (const key in value) return value;
  return undefined;
}

// The rows with each identity once: what stands first stays, a later one adds elements and identifiers it lacks.
function mergeRows(rows) {
  const first = new Map();
  const identifiers = new Map(); // of those that stand twice, gathered
  for (const row of rows) {
    const identity = JSON.stringify([row.resource.resourceType, row.parameter, row.system, row.value]);
    const held = first.get(identity)?.resource;
    if (!held) {
      first.set(identity, row);
      continue;
    }
    if (row.resource.identifier) {
      if (!identifiers.has(identity)) identifiers.set(identity, [...(held.identifier ?? [])]);
      for (const one of row.resource.identifier) identifiers.get(identity).push(one);
    }
    for (const [name, element] of Object.entries(row.resource)) {
      if (!Object.hasOwn(held, name)) held[name] = element;
    }
  }
  for (const [identity, gathered] of identifiers) first.get(identity).resource.identifier = eachOnce(gathered);
  return [...first.values()];
}
