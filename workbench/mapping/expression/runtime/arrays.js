// The functions over lists, and those that call a function for each member.

function count(values) {
  return values === undefined ? 0 : values.length;
}

function exists(value) {
  return value !== undefined;
}

function reverse(values) {
  return values === undefined || values.length <= 1 ? values : [...values].reverse();
}

function distinct(run, values) {
  if (!Array.isArray(values) || values.length <= 1) return values;
  const out = [];
  if (values.sequence) sequenceOf(out);
  const seen = new Set();
  const others = [];
  for (const value of values) {
    if (typeof value === "object" && value !== null) {
      spend(run, others.length + 1);
      if (others.some((other) => same(value, other))) continue;
      others.push(value);
    } else {
      if (seen.has(value) && value === value) continue;
      seen.add(value);
    }
    out.push(value);
  }
  return out;
}

function zipped(...lists) {
  const shortest = Math.min(...lists.map((items) => (Array.isArray(items) ? items.length : 0)));
  return Number.isFinite(shortest) ? Array.from({ length: shortest }, (_, place) => lists.map((items) => items[place])) : [];
}

function taken(target, value, place, whole) {
  return [value, place, whole].slice(0, Math.min(3, Math.max(1, target.arity)));
}

function mapped(run, values, target) {
  if (values === undefined) return undefined;
  const out = sequenceOf([]);
  for (let place = 0; place < values.length; place += 1) {
    const found = invoke(run, target, taken(target, values[place], place, values));
    if (found !== undefined) out.push(found);
  }
  return out;
}

function filtered(run, values, target) {
  if (values === undefined) return undefined;
  return sequenceOf([...values].filter((value, place) => truthy(invoke(run, target, taken(target, value, place, values)))));
}

function single(run, values, target) {
  if (values === undefined) return undefined;
  const found = [];
  for (let place = 0; place < values.length; place += 1) {
    if (target === undefined || truthy(invoke(run, target, taken(target, values[place], place, values)))) {
      found.push(values[place]);
      if (found.length > 1) throw fault("D3138", "$single found more than one");
    }
  }
  if (found.length === 0) throw fault("D3139", "$single found none");
  return found[0];
}

function reduced(run, values, target, first) {
  if (values === undefined) return undefined;
  if (target.arity < 2) throw fault("D3050", "the function of $reduce takes two arguments at least");
  const begin = first === undefined && values.length > 0 ? 1 : 0;
  let result = begin === 1 ? values[0] : first;
  for (let place = begin; place < values.length; place += 1) {
    result = invoke(run, target, [result, values[place], place, values].slice(0, Math.min(4, target.arity)));
  }
  return result;
}

function each(run, value, target) {
  const out = sequenceOf([]);
  for (const key of isObject(value) ? Object.keys(value) : []) {
    const found = invoke(run, target, taken(target, value[key], key, value));
    if (found !== undefined) out.push(found);
  }
  return out;
}

function sift(run, value, target) {
  if (!isObject(value)) return undefined;
  const out = {};
  for (const key of Object.keys(value)) {
    if (!isFunction(target)) throw fault("T1006", "$sift needs a function");
    if (truthy(invoke(run, target, taken(target, value[key], key, value)))) putField(out, key, value[key]);
  }
  return Object.keys(out).length > 0 ? out : undefined;
}

function sort(run, values, target) {
  if (values === undefined || values.length <= 1) return values;
  spend(run, values.length);
  if (target !== undefined) return mergeSort([...values], (left, right) => Boolean(invoke(run, target, [left, right])));
  if (values.every((value) => isNumber(value)) || values.every((value) => typeof value === "string")) {
    return mergeSort([...values], (left, right) => left > right);
  }
  throw fault("D3070", "$sort without a function takes only numbers, or only texts");
}

// Halves as JSONata does, so that a function that contradicts itself gives the same order.
function mergeSort(values, swap) {
  if (values.length <= 1) return values;
  const middle = Math.floor(values.length / 2);
  const left = mergeSort(values.slice(0, middle), swap);
  const right = mergeSort(values.slice(middle), swap);
  const out = [];
  let i = 0;
  let j = 0;
  while (i < left.length && j < right.length) out.push(swap(left[i], right[j]) ? right[j++] : left[i++]);
  return out.concat(left.slice(i), right.slice(j));
}
