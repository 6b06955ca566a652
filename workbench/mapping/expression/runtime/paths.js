// Steps of a path. A state is what a path has reached: nothing, one item, or a list of items. `raw` says that nulls of the
// data count as missing: they are passed over wherever a list or a field is read.

function root(data) {
  if (!Array.isArray(data)) return data;
  const wrapped = sequenceOf([data]);
  wrapped.outer = true;
  return wrapped;
}

function present(items, raw) {
  return raw && items.includes(null) ? items.filter((item) => item !== null) : items;
}

function lookup(value, key, raw, depth = 0) {
  if (isObject(value)) {
    const found = ownField(value, key);
    return raw && found === null ? undefined : found;
  }
  if (!Array.isArray(value)) return undefined;
  checkDepth(depth);
  const result = sequenceOf([]);
  for (const item of value) {
    const found = lookup(item, key, raw, depth + 1);
    if (Array.isArray(found)) for (const one of present(found, raw)) result.push(one);
    else if (found !== undefined) result.push(found);
  }
  return result;
}

function lookupValue(value, key) {
  return lookup(value, key === undefined ? "undefined" : key, false);
}

function names(state, key, raw) {
  const results = [];
  for (const item of Array.isArray(state) ? state : [state]) {
    const found = collapse(lookup(item, key, raw));
    if (found !== undefined) results.push(found);
  }
  return results;
}

function nameMid(state, key, raw) {
  return Array.isArray(state) ? stateOf(flat(names(state, key, raw), raw)) : lookup(state, key, raw);
}

function nameLast(state, key, raw) {
  return Array.isArray(state) ? collapse(lastOf(names(state, key, raw), raw)) : lookup(state, key, raw);
}

function nameOpen(state, key, raw) {
  return state === undefined || state === null ? sequenceOf([]) : lastOf(names(state, key, raw), raw);
}

function flat(results, raw) {
  const out = sequenceOf([]);
  for (const result of results) {
    if (Array.isArray(result) && !result.cons) for (const one of present(result, raw)) out.push(one);
    else out.push(result);
  }
  return out;
}

function lastOf(results, raw) {
  return results.length === 1 && Array.isArray(results[0]) && !results[0].sequence ? results[0] : flat(results, raw);
}

function stateOf(items) {
  if (items.length === 0) return undefined;
  return items.length === 1 && !Array.isArray(items[0]) && items[0] !== undefined ? items[0] : items;
}

function spreadState(value, raw) {
  return Array.isArray(value) ? stateOf(flat([value], raw)) : value;
}

function start(context) {
  return context === undefined ? sequenceOf([undefined]) : context;
}

function singleContext(context) {
  return Array.isArray(context) ? context : sequenceOf([context]);
}

function consState(first) {
  if (Array.isArray(first)) return first;
  return typeof first === "string" ? sequenceOf(first.split("")) : undefined;
}

function consPath(first, rest) {
  return first === undefined || first === "" || (Array.isArray(first) && first.length === 0) ? first : rest;
}

function eachOf(run, state, next, raw) {
  if (state === undefined) return [];
  const items = Array.isArray(state) ? state : [state];
  spend(run, items.length);
  const results = [];
  for (const item of items) {
    if (raw && item === null) continue;
    const found = next(item);
    if (found !== undefined) results.push(found);
  }
  return results;
}

function stepMid(run, state, next, raw, rawResult) {
  return stateOf(flat(eachOf(run, state, next, raw), rawResult));
}

function stepLast(run, state, next, raw, rawResult) {
  return lastOf(eachOf(run, state, next, raw), rawResult);
}

function keepPath(value) {
  if (value === undefined) throw fault("U1002", "[] has nothing to keep behind an array constructor that gives nothing");
  if (!Array.isArray(value)) return value;
  const list = value.cons && !value.sequence ? sequenceOf([value]) : value;
  if (list.sequence) list.keep = true;
  return list;
}

function filterAt(value, index, raw) {
  const items = Array.isArray(value) ? present(value, raw) : [value];
  const item = items[index < 0 ? items.length + index : index];
  if (item === undefined) return sequenceOf([]);
  return Array.isArray(item) ? item : sequenceOf([item]);
}

function filterBy(run, value, predicate, raw) {
  const items = Array.isArray(value) ? present(value, raw) : [value];
  spend(run, items.length);
  const out = sequenceOf([]);
  items.forEach((item, index) => {
    const found = predicate(item);
    const places = isNumber(found) ? [found] : found;
    if (Array.isArray(places) && places.every((place) => isNumber(place))) {
      for (const place of places) {
        const whole = Math.floor(place);
        if ((whole < 0 ? whole + items.length : whole) === index) out.push(item);
      }
    } else if (truthy(found)) out.push(item);
  });
  return out;
}

function wildcard(context, raw) {
  const whole = Array.isArray(context) && context.outer && context.length > 0 ? context[0] : context;
  const out = [];
  let appended = false;
  const values = Array.isArray(whole) ? whole : isObject(whole) ? Object.keys(whole).map((key) => whole[key]) : [];
  for (const value of values) {
    if (Array.isArray(value)) {
      deepFlat(value, out, raw);
      appended = true;
    } else if (!(raw && value === null)) out.push(value);
  }
  return appended ? out : sequenceOf(out);
}

function deepFlat(values, out, raw, depth = 0) {
  checkDepth(depth);
  for (const value of values) {
    if (Array.isArray(value)) deepFlat(value, out, raw, depth + 1);
    else if (!(raw && value === null)) out.push(value);
  }
}

function descendants(run, context, raw) {
  if (context === undefined) return undefined;
  const out = sequenceOf([]);
  const waiting = [context];
  while (waiting.length > 0) {
    const value = waiting.pop();
    spend(run, 1);
    if (Array.isArray(value)) {
      for (let place = value.length - 1; place >= 0; place -= 1) waiting.push(value[place]);
      continue;
    }
    if (raw && value === null) continue;
    out.push(value);
    if (isObject(value)) for (const key of Object.keys(value).reverse()) waiting.push(value[key]);
  }
  return out.length === 1 ? out[0] : out;
}
