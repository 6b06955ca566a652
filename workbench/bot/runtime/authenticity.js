// -- Is this delivery the provider's? --

/** What proves a delivery: {proof} or {problem}. `exact` = over the text received, `reserialised` = over a text
 * written again from the parsed body, `static` = a shared value, `unproved` = let through as the settings say. */
function authenticate(input, headers, secrets) {
  const known = SETTINGS.secretNames.map((name) => (secrets[name] || {}).valueString).filter(Boolean);
  if (PROVIDER.signatures.length === 0) return { proof: "none" };
  if (known.length === 0) return { problem: "secret-missing" };
  let worst = "signature-missing";
  for (const signature of PROVIDER.signatures) {
    const found = CHECKS[signature.algorithm](signature, headers, known, input);
    if (found.proof) return found;
    if (found.problem !== "signature-missing") worst = found.problem;
  }
  if (worst === "signature-unmatched" && SETTINGS.unmatched === "mark") return { proof: "unproved", mark: worst };
  return { problem: worst };
}

/** Characters that are hashed in search of a writing; the first is always tried. */
const MOST_HASHED = 1500000;

function checkSharedValue(signature, headers, known) {
  const value = headers[SETTINGS.secretHeader || signature.header];
  if (typeof value !== "string") return { problem: "signature-missing" };
  return known.some((secret) => equalInConstantTime(secret, value)) ? { proof: "static" } : { problem: "signature-mismatched" };
}

function checkSignature(signature, headers, known, input) {
  const value = headers[signature.header];
  if (typeof value !== "string" || value === "") return { problem: "signature-missing" };
  const parts = (signature.separator ? value.split(signature.separator) : [value]).map((part) => part.trim());
  const candidates = parts.filter((part) => part.startsWith(signature.prefix)).map((part) => part.slice(signature.prefix.length));
  const stamp = stampOf(signature, parts, headers);
  if (candidates.length === 0 || stamp === undefined) return { problem: "signature-malformed" };
  const raw = typeof input === "string";
  let tried = 0; // bots share the server's thread: a huge body that nothing proves must not hold up the others
  for (const body of raw ? [input] : writings(input)) {
    if (tried > MOST_HASHED) break;
    tried += body.length;
    const message = utf8(fill(signature.signed, (field) => signedField(field, body, stamp, headers)));
    const made = known.map((secret) => ENCODINGS[signature.encoding](hmacSha256(KEYS[signature.secret](secret, signature), message)));
    if (!made.some((proof) => candidates.some((candidate) => equalInConstantTime(proof, candidate)))) continue;
    return isTimely(signature, stamp) ? { proof: raw ? "exact" : "reserialised" } : { problem: "signature-expired" };
  }
  return { problem: raw ? "signature-mismatched" : "signature-unmatched" };
}

/** The signed time as it was sent; "" for a scheme without one, undefined where it is missing or no number. */
function stampOf(signature, parts, headers) {
  const where = signature.timestamp;
  if (!where) return "";
  const part = where.part && parts.find((each) => each.startsWith(where.part));
  const stamp = where.header ? headers[where.header] : part && part.slice(where.part.length);
  return /^[0-9]{1,15}$/.test(stamp || "") ? stamp : undefined;
}

function isTimely(signature, stamp) {
  if (!signature.timestamp) return true;
  const tolerance = SETTINGS.toleranceSeconds ?? signature.timestamp.toleranceSeconds;
  const seconds = Number(stamp) / (signature.timestamp.unit === "ms" ? 1000 : 1);
  return Math.abs(Date.now() / 1000 - seconds) <= tolerance;
}

function signedField(field, body, stamp, headers) {
  if (field === "body") return body;
  return field === "timestamp" ? stamp : headers[field.replace("header:", "")] || "";
}

function decodedKey(secret, signature) {
  const prefix = signature.secretPrefix;
  return fromBase64(prefix && secret.startsWith(prefix) ? secret.slice(prefix.length) : secret);
}
