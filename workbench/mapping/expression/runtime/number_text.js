// A value as text: JSON, with what is not whole rounded to 15 digits.

function rounded15(value) {
  return Number.isInteger(value) ? value : Number(value.toPrecision(15));
}

function textOf(value) {
  return jsonText(value, 0);
}

function string(value, prettify) {
  if (value === undefined) return undefined;
  return jsonText(value, prettify === true ? 2 : 0);
}

function jsonText(value, space) {
  if (typeof value === "string") return value;
  if (isFunction(value)) return "";
  if (typeof value === "number" && !Number.isFinite(value)) throw fault("D3001", "an infinite number has no text");
  const whole = Array.isArray(value) && value.outer ? value[0] : value;
  measured(whole, 0, { room: LARGEST_TEXT });
  const shown = (key, item) => {
    if (typeof item === "number") return isNumber(item) ? rounded15(item) : item;
    return isFunction(item) ? "" : item;
  };
  return JSON.stringify(whole, shown, space);
}

// Refuses what is nested too deep or becomes too long: a small value can hold itself many times over.
function measured(value, depth, left) {
  left.room -= typeof value === "string" ? value.length : 2;
  if (left.room < 0) throw fault("D2015", "a text is longer than 20000000");
  if (typeof value !== "object" || value === null || isFunction(value)) return;
  checkDepth(depth);
  for (const key of Object.keys(value)) {
    if (key !== "sequence" && key !== "keep" && key !== "outer" && key !== "cons") left.room -= key.length;
    measured(value[key], depth + 1, left);
  }
}
