// What counts as true, what is equal, what comes first.

function truthy(value, depth = 0) {
  if (typeof value === "boolean") return value;
  if (typeof value === "string") return value.length > 0;
  if (Array.isArray(value)) {
    checkDepth(depth);
    if (value.length === 1) return truthy(value[0], depth + 1);
    // every member is looked at, so that an infinite one is found wherever it stands
    return value.filter((item) => truthy(item, depth + 1)).length > 0;
  }
  if (isObject(value)) return Object.keys(value).length > 0;
  return isNumber(value) && value !== 0;
}

function boolean(value) {
  return value === undefined ? undefined : truthy(value);
}

function negated(value) {
  return value === undefined ? undefined : !truthy(value);
}

function same(left, right, depth = 0) {
  if (left === right) return true;
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return false;
  if (isFunction(left) || isFunction(right)) return false;
  checkDepth(depth);
  if (Array.isArray(left) !== Array.isArray(right)) return false;
  if (Array.isArray(left)) return left.length === right.length && left.every((item, place) => same(item, right[place], depth + 1));
  const listed = Object.keys(left);
  return (
    listed.length === Object.keys(right).length &&
    listed.every((name) => Object.hasOwn(right, name) && same(left[name], right[name], depth + 1))
  );
}

function equal(left, right) {
  return left !== undefined && right !== undefined && same(left, right);
}

function unequal(left, right) {
  return left !== undefined && right !== undefined && !same(left, right);
}

function inside(left, right) {
  if (left === undefined || right === undefined) return false;
  return (Array.isArray(right) ? right : [right]).some((item) => item === left);
}

function less(left, right) {
  return comparable(left, right) ? left < right : undefined;
}

function more(left, right) {
  return comparable(left, right) ? left > right : undefined;
}

function lessEqual(left, right) {
  return comparable(left, right) ? left <= right : undefined;
}

function moreEqual(left, right) {
  return comparable(left, right) ? left >= right : undefined;
}

function comparable(left, right) {
  for (const value of [left, right]) {
    if (value !== undefined && typeof value !== "string" && typeof value !== "number") {
      throw fault("T2010", `only numbers and texts can be compared, found ${nameOfKind(value)}`);
    }
  }
  if (left === undefined || right === undefined) return false;
  if (typeof left !== typeof right) throw fault("T2009", "a number cannot be compared with a text");
  return true;
}

function nameOfKind(value) {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (isFunction(value)) return "a function";
  return { boolean: "a boolean", string: "a text", number: "a number", object: "an object" }[typeof value];
}
