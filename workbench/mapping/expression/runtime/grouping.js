// {key: value} behind an expression, ^(…), and what leaves an expression.

function together(left, item) {
  if (item === undefined) return left;
  if (left === undefined) return item;
  return [...(Array.isArray(left) ? left : [left]), ...(Array.isArray(item) ? item : [item])];
}

function groupContext(context, raw) {
  if (!Array.isArray(context)) return context;
  const items = present(context, raw);
  let whole = items[0];
  for (let place = 1; place < items.length; place += 1) whole = together(whole, items[place]);
  return whole;
}

function groupBy(run, value, pairs, raw) {
  const items = Array.isArray(value) ? present(value, raw) : [value];
  const gathered = Object.create(null);
  for (const item of items.length > 0 ? items : [undefined]) {
    spend(run, 1);
    pairs.forEach(([keyOf], place) => {
      const key = keyOf(item);
      if (key === undefined) return;
      if (typeof key !== "string") throw fault("T1003", `a key of an object must be a text, found ${nameOfKind(key)}`);
      if (key === "_jsonata_lambda" || key === "_jsonata_function") throw fault("D1013", "names that begin with _jsonata_ are reserved");
      const before = gathered[key];
      if (before === undefined) gathered[key] = { place, data: item };
      else if (before.place !== place) throw fault("D1009", "two keys of an object come out the same");
      else {
        spend(run, Array.isArray(before.data) ? Math.floor(before.data.length / 8) : 1);
        before.data = together(before.data, item);
      }
    });
  }
  const result = {};
  for (const key of Object.keys(gathered)) {
    const found = pairs[gathered[key].place][1](gathered[key].data);
    if (found !== undefined) putField(result, key, found);
  }
  return result;
}

function sortBy(run, state, terms, raw) {
  if (state === undefined) return sequenceOf([]);
  const items = Array.isArray(state) ? present(state, raw) : [state];
  if (items.length <= 1) return sequenceOf([...items]);
  spend(run, items.length);
  const known = terms.map(() => new Map());
  const key = (place, item) => {
    if (!known[place].has(item)) known[place].set(item, terms[place][0](items[item]));
    return known[place].get(item);
  };
  const swap = (left, right) => {
    for (let place = 0; place < terms.length; place += 1) {
      const order = compared(key(place, left), key(place, right), terms[place][1]);
      if (order !== 0) return order > 0;
    }
    return false;
  };
  return mergeSort(items.map((_, place) => place), swap).map((place) => items[place]);
}

function compared(left, right, descending) {
  if (left === undefined || right === undefined) return (left === undefined) - (right === undefined);
  for (const value of [left, right]) {
    if (typeof value !== "string" && typeof value !== "number") throw fault("T2008", "items are ordered by numbers or texts only");
  }
  if (typeof left !== typeof right) throw fault("T2007", "items are ordered by numbers or by texts, not by both");
  if (left === right) return 0;
  return left < right !== descending ? -1 : 1;
}

function typeName(value) {
  if (value === undefined) return undefined;
  if (value === null) return "null";
  if (isNumber(value)) return "number";
  if (Array.isArray(value)) return "array";
  if (isFunction(value)) return "function";
  return typeof value === "number" ? "object" : typeof value;
}

// The value as the caller gets it: plain lists and objects.
function finish(run, value, depth = 0) {
  if (typeof value !== "object" || value === null || isFunction(value)) return value === 0 ? 0 : value;
  checkDepth(depth);
  if (Array.isArray(value)) {
    spend(run, value.length);
    return Array.from(value, (item) => (item === undefined ? null : finish(run, item, depth + 1)));
  }
  const listed = Object.keys(value);
  spend(run, listed.length);
  const fields = {};
  for (const name of listed) {
    const item = finish(run, value[name], depth + 1);
    if (item !== undefined) putField(fields, name, item);
  }
  return fields;
}
