// Arithmetic, & and ..

function operands(left, right, sign) {
  if (left !== undefined && !isNumber(left)) {
    throw fault("T2001", `the left side of ${sign} must be a number, found ${nameOfKind(left)}`);
  }
  if (right !== undefined && !isNumber(right)) {
    throw fault("T2002", `the right side of ${sign} must be a number, found ${nameOfKind(right)}`);
  }
  return left !== undefined && right !== undefined;
}

function add(left, right) {
  return operands(left, right, "+") ? left + right : undefined;
}

function subtract(left, right) {
  return operands(left, right, "-") ? left - right : undefined;
}

function multiply(left, right) {
  return operands(left, right, "*") ? left * right : undefined;
}

function divide(left, right) {
  return operands(left, right, "/") ? left / right : undefined;
}

function modulo(left, right) {
  return operands(left, right, "%") ? left % right : undefined;
}

function negative(value) {
  if (value === undefined) return undefined;
  if (!isNumber(value)) throw fault("D1002", `only a number can be negated, found ${nameOfKind(value)}`);
  return -value;
}

function concat(left, right) {
  if (typeof left === "string" && typeof right === "string") return joined(left, right);
  return joined(left === undefined ? "" : textOf(left), right === undefined ? "" : textOf(right));
}

function joined(left, right) {
  if (left.length + right.length > LARGEST_TEXT) throw fault("D2015", "a text is longer than 20000000");
  return left + right;
}

function rangeOf(run, first, last) {
  for (const [value, code, side] of [[first, "T2003", "left"], [last, "T2004", "right"]]) {
    if (value !== undefined && !Number.isInteger(value)) {
      throw fault(code, `the ${side} side of .. must be a whole number, found ${nameOfKind(value)}`);
    }
  }
  if (first === undefined || last === undefined || first > last) return undefined;
  const size = last - first + 1;
  if (size > 10000000) throw fault("D2014", "a range has at most 10,000,000 members");
  if (size > LARGEST_SEQUENCE) throw fault("D2015", "a list has at most 1000000 members here");
  if (Math.abs(first) + size > 2 ** 53) throw fault("D2014", "a range stays below 2^53");
  spend(run, size);
  return sequenceOf(Array.from({ length: size }, (_, place) => first + place));
}
