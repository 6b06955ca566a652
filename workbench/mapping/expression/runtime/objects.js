// Objects: their keys, and the functions over them.

function keys(value, depth = 0) {
  if (Array.isArray(value)) {
    checkDepth(depth);
    const merged = Object.create(null);
    for (const item of value) for (const key of keys(item, depth + 1)) merged[key] = true;
    return sequenceOf(Object.keys(merged));
  }
  return sequenceOf(isObject(value) ? Object.keys(value) : []);
}

function spread(run, value, depth = 0) {
  if (Array.isArray(value)) {
    checkDepth(depth);
    return value.reduce((result, item) => append(run, result, spread(run, item, depth + 1)), sequenceOf([]));
  }
  if (!isObject(value)) return value;
  return sequenceOf(
    Object.keys(value).map((key) => {
      const one = {};
      putField(one, key, value[key]);
      return one;
    }),
  );
}

function merge(values) {
  if (values === undefined) return undefined;
  const merged = {};
  for (const item of values) for (const key of Object.keys(item)) putField(merged, key, item[key]);
  return merged;
}

function append(run, left, right) {
  if (left === undefined) return right;
  if (right === undefined) return left;
  const first = Array.isArray(left) ? left : [left];
  const second = Array.isArray(right) ? right : [right];
  const size = first.length + second.length;
  if (size > LARGEST_SEQUENCE) throw fault("D2015", "a list has at most 1000000 members here");
  spend(run, Math.floor(size / 8));
  return first.concat(second);
}
