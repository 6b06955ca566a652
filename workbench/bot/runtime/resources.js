// -- Resources: what an event's time does, what merging keeps, when two are the same --

function eventTimeOf(resource) {
  const stamp = ((resource.meta || {}).extension || []).find((each) => each.url === EVENT_TIME_URL);
  return stamp && stamp.valueInstant;
}

/** The resource with its event's time in meta.extension, by which an older event never overwrites a newer one. */
function stamped(resource, order) {
  if (!order) return resource;
  const meta = resource.meta || {};
  const others = (meta.extension || []).filter((each) => each.url !== EVENT_TIME_URL);
  return { ...resource, meta: { ...meta, extension: [...others, { url: EVENT_TIME_URL, valueInstant: order }] } };
}

/** The existing resource with the elements that the mapping names; `replace` keeps id and meta only. Identifiers are
 * united by system and extensions by url, so that what others put there stays. */
function combine(existing, ours, mode) {
  const own = ([name]) => name === "id" || name === "meta";
  const kept = mode === "replace" ? Object.fromEntries(Object.entries(existing).filter(own)) : existing;
  const next = { ...kept, ...ours, ...(existing.id && { id: existing.id }) };
  for (const [name, key] of [["identifier", "system"], ["extension", "url"]])
    if (kept[name] && ours[name]) next[name] = unite(kept[name], ours[name], key);
  const [theirs, mine] = [existing.meta || {}, ours.meta || {}];
  if (existing.meta || ours.meta) next.meta = { ...theirs, ...mine };
  if (theirs.extension && mine.extension) next.meta.extension = unite(theirs.extension, mine.extension, "url");
  if (theirs.tag && mine.tag) next.meta.tag = [...theirs.tag, ...mine.tag.filter((tag) => !theirs.tag.some((each) => same(each, tag)))];
  return next;
}

/** Their items in their order, those of a key that we name replaced by ours, ours that are new at the end. */
function unite(theirs, ours, key) {
  const named = new Set(ours.map((item) => item[key]));
  const placed = new Set();
  const united = [];
  for (const item of theirs) {
    if (!named.has(item[key])) united.push(item);
    else if (!placed.has(item[key])) united.push(...ours.filter((each) => each[key] === item[key]));
    placed.add(item[key]);
  }
  return [...united, ...ours.filter((item) => !placed.has(item[key]))];
}

/** Whether two JSON values are equal, whatever the order of their keys. */
function same(left, right) {
  if (left === right) return true;
  if (!left || !right || typeof left !== "object" || typeof right !== "object") return false;
  if (Array.isArray(left) !== Array.isArray(right)) return false;
  const keys = Object.keys(left);
  return keys.length === Object.keys(right).length && keys.every((key) => key in right && same(left[key], right[key]));
}

/** A copy in which every reference that is known is literal; the server resolves the others when it writes. */
function withKnownReferences(value, known) {
  if (Array.isArray(value)) return value.map((item) => withKnownReferences(item, known));
  if (!value || typeof value !== "object") return value;
  const copy = {};
  for (const key of Object.keys(value)) copy[key] = withKnownReferences(value[key], known);
  if (typeof copy.reference === "string" && known.has(copy.reference)) copy.reference = known.get(copy.reference);
  return copy;
}

/** Every conditional reference (`Account?identifier=…`) in a resource. */
function conditionalReferences(value, found = []) {
  if (!value || typeof value !== "object") return found;
  if (typeof value.reference === "string" && value.reference.includes("?")) found.push(value.reference);
  for (const key of Object.keys(value)) conditionalReferences(value[key], found);
  return found;
}

/** The search that finds a resource by its identity; a comma, a backslash, `$` and `|` have a meaning of their own. */
function searchOf(write) {
  const escape = (text) => text.replace(/[\\,$|]/g, "\\$&");
  if (typeof write.value !== "string" || write.value.trim() === "") throw Object.assign(new Error(), { code: "identity-empty" });
  const token = write.system ? `${escape(write.system)}|${escape(write.value)}` : escape(write.value);
  return `${write.resource.resourceType}?${write.parameter || "identifier"}=${encodeURIComponent(token)}`;
}
