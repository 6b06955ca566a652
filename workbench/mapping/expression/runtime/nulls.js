// Nulls of the data that count as missing.

// The context of a call, its nulls not yet taken out: few calls ever look at it.
class RawContext {
  constructor(value) {
    this.value = value;
  }
}

function rawContext(value) {
  return new RawContext(value);
}

// The value without the nulls of the data; what holds none is given back as it is.
function clean(value) {
  if (value === null || value === undefined) return undefined;
  return typeof value === "object" ? cleanParts(value, 0) : value;
}

function cleanParts(value, depth) {
  if (value === null) return undefined;
  if (typeof value !== "object" || isFunction(value)) return value;
  checkDepth(depth);
  if (Array.isArray(value)) {
    const items = [];
    for (const item of value) if (item !== null) items.push(cleanParts(item, depth + 1));
    if (items.length === value.length && items.every((item, place) => item === value[place])) return value;
    for (const mark of ["sequence", "keep", "outer", "cons"]) if (value[mark]) items[mark] = true;
    return items;
  }
  const listed = Object.keys(value);
  const fields = {};
  let changed = false;
  for (const name of listed) {
    if (value[name] === null) changed = true;
    else {
      const item = cleanParts(value[name], depth + 1);
      putField(fields, name, item);
      changed ||= item !== value[name];
    }
  }
  return changed ? fields : value;
}
