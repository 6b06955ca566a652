// The values of a running expression: nothing is undefined; a list that a path made has `sequence`, and `keep` if it
// stays a list even of one; `outer` wraps an input that is a list; `cons` marks a list that a path must not flatten.

const LARGEST_SEQUENCE = 1000000;
const LARGEST_TEXT = 20000000;
const UNBOUND = {};

class FunctionValue {
  constructor(target, arity, signature, isNative) {
    this.call = target;
    this.arity = arity;
    this.signature = signature;
    this.native = isNative;
  }
}

class TailCall {
  constructor(target, given) {
    this.target = target;
    this.given = given;
  }
}

function newRun() {
  return { steps: 2000000, calls: 100 };
}

function spend(run, steps) {
  run.steps -= steps;
  if (run.steps < 0) throw fault("U1001", "the expression takes more than 2000000 steps; check it for a loop without an end");
}

function enter(run) {
  run.calls -= 1;
  if (run.calls < 0) {
    throw fault("U1001", "functions call each other more than 100 deep; end them in a call of themselves");
  }
}

function fault(code, message) {
  const error = new Error(`${code}: ${message}`);
  error.code = code;
  return error;
}

// Runs the expression; a stack that overflows is a fault as any other.
function guarded(evaluate) {
  try {
    return evaluate();
  } catch (error) {
    if (error instanceof RangeError) throw fault("U1001", "the expression or its data is nested too deep");
    throw error;
  }
}

function sequenceOf(items) {
  items.sequence = true;
  return items;
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof FunctionValue);
}

function isFunction(value) {
  return value instanceof FunctionValue;
}

function ownField(value, key) {
  return Object.hasOwn(value, key) ? value[key] : undefined;
}

function putField(target, key, value) {
  if (key === "__proto__") Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true });
  else target[key] = value;
}

function collapse(value) {
  if (Array.isArray(value) && value.sequence) {
    if (value.length === 0) return undefined;
    if (value.length === 1 && !value.keep) return value[0];
  }
  return value;
}

function kept(value) {
  if (Array.isArray(value) && value.sequence) value.keep = true;
  return collapse(value);
}

function isNumber(value) {
  if (typeof value !== "number" || value !== value) return false;
  if (value === Infinity || value === -Infinity) throw fault("D1001", "a number is out of range");
  return true;
}

function binding(bindings, name) {
  return Object.hasOwn(bindings, name) ? bindings[name] : undefined;
}

function functionOf(called, arity, signature) {
  return new FunctionValue(called, arity, signature);
}

function consOf(items) {
  items.cons = true;
  return items;
}

function itemsOf(value) {
  return Array.isArray(value) ? value : value === undefined ? [] : [value];
}

function oneOf(value) {
  return value === undefined ? [] : [value];
}

function checkDepth(depth) {
  if (depth > 400) throw fault("U1001", "a value is nested more than 400 deep");
}

function limited(items) {
  if (items.length > LARGEST_SEQUENCE) throw fault("D2015", "a list has at most 1000000 members here");
  return items;
}
