// The number functions.

function toNumber(value) {
  if (value === undefined || typeof value === "number") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "string") {
    if (/^-?[0-9]+(\.[0-9]+)?([Ee][-+]?[0-9]+)?$/.test(value) && Number.isFinite(Number(value))) return Number(value);
    if (/^(0[xX][0-9A-Fa-f]+)|(0[oO][0-7]+)|(0[bB][0-1]+)$/.test(value)) return Number(value);
  }
  throw fault("D3030", `${nameOfKind(value)} cannot be read as a number`);
}

function absolute(value) {
  return value === undefined ? undefined : Math.abs(value);
}

function floor(value) {
  return value === undefined ? undefined : Math.floor(value);
}

function ceil(value) {
  return value === undefined ? undefined : Math.ceil(value);
}

// Half goes to the even neighbour, reckoned on the decimal digits.
function rounded(value, precision) {
  if (value === undefined) return undefined;
  if (!precision) return even(value);
  const found = shifted(even(shifted(value, precision)), -precision);
  return found === 0 ? 0 : found;
}

function shifted(value, places) {
  const [mantissa, exponent] = value.toString().split("e");
  return Number(`${mantissa}e${exponent ? Number(exponent) + places : places}`);
}

function even(value) {
  const nearest = Math.round(value);
  const away = Math.abs(nearest - value) === 0.5 && Math.abs(nearest % 2) === 1;
  const found = away ? nearest - 1 : nearest;
  return found === 0 ? 0 : found;
}

function squareRoot(value) {
  if (value === undefined) return undefined;
  if (value < 0) throw fault("D3060", "a negative number has no square root");
  return Math.sqrt(value);
}

function power(value, exponent) {
  if (value === undefined) return undefined;
  const result = Math.pow(value, exponent);
  if (!Number.isFinite(result)) throw fault("D3061", "a power cannot be represented as a number");
  return result;
}

function sumOf(values) {
  if (values === undefined) return undefined;
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}

function average(values) {
  return values === undefined || values.length === 0 ? undefined : sumOf(values) / values.length;
}

function maximum(values) {
  return values === undefined || values.length === 0 ? undefined : values.reduce((most, value) => Math.max(most, value));
}

function minimum(values) {
  return values === undefined || values.length === 0 ? undefined : values.reduce((least, value) => Math.min(least, value));
}

function formatBase(value, radix) {
  if (value === undefined) return undefined;
  const base = radix === undefined ? 10 : rounded(radix);
  if (base < 2 || base > 36) throw fault("D3100", "a radix is from 2 to 36");
  const whole = rounded(value);
  if (base !== 10 && Number.isFinite(whole) && Math.abs(whole) > 2 ** 53) {
    throw fault("U1002", "a number beyond 2^53 is written in base 10 only");
  }
  return whole.toString(base);
}
