// -- How a provider may have written a body that the server handed over parsed --
// Medplum parses JSON before a bot sees it, and a signature covers the text. So the text is written again in each way
// a provider is known to write, and the signature is tried on each. What no writing proves is not proved: a forged body
// never matches. What cannot be regained: the digits of 1.50, whole numbers above 2^53, the order of keys like "7".

/** Numbers that stand for decimals are written 25.0 by providers that keep them as such. */
const DECIMAL_KEYS = /^(percent_off|percentage|effective_percentage|exchange_rate|application_fee_percent|amount_percent)$/;

const ESCAPES = [
  (text) => text,
  (text) => text.replace(/[\u007f-\uffff]/g, (unit) => "\\u" + unit.charCodeAt(0).toString(16).padStart(4, "0")),
  (text) => text.replace(/[<>&\u2028\u2029]/g, (unit) => "\\u" + unit.charCodeAt(0).toString(16).padStart(4, "0")),
];

const LAYOUTS = [
  { indent: "  ", colon: ": ", comma: ",", empty: ["{}", "[]"], native: 2 }, // Stripe
  { indent: "", colon: ":", comma: ",", empty: ["{}", "[]"], native: 0 }, // most others
  { indent: "", colon: ": ", comma: ", ", empty: ["{}", "[]"] }, // Python
  { indent: "  ", colon: ": ", comma: ",", empty: ["{\n*}", "[\n\n*]"] }, // older Ruby, * stands for the indent
];

/** Every distinct text of a parsed body, the likeliest first. */
function* writings(value) {
  const seen = new Set();
  for (const decimals of [false, true])
    for (const escape of ESCAPES)
      for (const layout of LAYOUTS) {
        const native = layout.native !== undefined && !decimals;
        const text = escape(native ? JSON.stringify(value, null, layout.native) : write(value, layout, decimals, ""));
        if (!seen.has(text)) yield text;
        seen.add(text);
      }
}

function write(value, layout, decimals, pad) {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const inner = pad + layout.indent;
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  const parts = Array.isArray(value)
    ? value.map((item) => write(item, layout, decimals, inner))
    : Object.keys(value).map((key) => {
        const point = decimals && Number.isInteger(value[key]) && DECIMAL_KEYS.test(key) ? ".0" : "";
        return JSON.stringify(key) + layout.colon + write(value[key], layout, decimals, inner) + point;
      });
  if (parts.length === 0) return layout.empty[open === "{" ? 0 : 1].replace("*", pad);
  if (!layout.indent) return open + parts.join(layout.comma) + close;
  return `${open}\n${inner}${parts.join(`${layout.comma}\n${inner}`)}\n${pad}${close}`;
}
