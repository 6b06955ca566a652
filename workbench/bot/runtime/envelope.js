// -- Which events does it carry, and which mappings take them? --

function findPath(data, path) {
  if (path === ".") return data;
  return path.split(".").reduce((found, key) => (found === null || found === undefined ? undefined : found[key]), data);
}

/** The value of a locator: a field's own value, or a text in which every {field} is replaced. */
function fill(locator, find) {
  if (!locator.includes("{")) return find(locator);
  return locator.replace(/\{([^{}]*)\}/g, (_, field) => String(find(field) ?? ""));
}

function finder(data, headers) {
  return (field) => (field.startsWith("header:") ? headers[field.slice(7)] : findPath(data, field));
}

function matchesPattern(pattern, text) {
  const escaped = pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replace(/\*/g, "[^]*");
  return new RegExp(`^${escaped}$`).test(text);
}

/** Whether every condition holds; the pattern * means any value but null. */
function holds(conditions, find) {
  return Object.entries(conditions).every(([field, pattern]) => {
    const value = find(field);
    if (value === null || value === undefined) return false;
    return pattern === "*" || (typeof value === "string" && matchesPattern(pattern, value));
  });
}

/** The answer to a provider's question (Okta's GET), undefined for a delivery. */
function answerHandshake(data, headers) {
  const find = finder(data, headers);
  const rule = PROVIDER.handshakes.find((each) => holds(each.when, find));
  if (!rule) return undefined;
  return Object.fromEntries(Object.entries(rule.answer).map(([name, locator]) => [name, fill(locator, find)]));
}

/** The events of a body as {id, type, payload}, undefined when it is no envelope of this provider. */
function readEvents(data, headers) {
  const envelope = PROVIDER.envelope;
  const rule = envelope.events.find((each) => holds(each.when, finder(data, headers)));
  const found = rule && findPath(data, rule.at);
  if (!found || typeof found !== "object") return undefined;
  return (Array.isArray(found) ? found : [found]).map((payload) => {
    const first = (locators) => locators.map((locator) => fill(locator, finder(payload, headers))).find((value) => value ?? false);
    return { id: first(envelope.id), type: first(envelope.type), at: instantOf(first(envelope.time)), payload };
  });
}

/** Epoch seconds, epoch milliseconds or ISO text as an instant; undefined for anything else. */
function instantOf(time) {
  const date = new Date(typeof time === "number" && Math.abs(time) < 1e11 ? time * 1000 : time);
  return time !== undefined && Number.isFinite(date.getTime()) ? date.toISOString() : undefined;
}

function accepts(mapping, type) {
  const matching = (pattern) => matchesPattern(pattern.replace(/^!/, ""), type);
  const [refused, taken] = [mapping.events.filter((p) => p.startsWith("!")), mapping.events.filter((p) => !p.startsWith("!"))];
  return taken.some(matching) && !refused.some(matching);
}
