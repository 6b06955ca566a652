// -- Writing: one batch makes what is missing and finds what is there, one more writes what differs --

const ROUNDS = 10; // each one reads again what somebody else changed in between

/** Writes everything the rows hold; sets `action` and `id` of each write, and `problem` and `retry` where it failed. */
async function settle(medplum, rows) {
  const targets = new Map(); // by the search that finds the resource
  for (const write of rows.flatMap((row) => row.writes)) {
    const target = targets.get(write.search) || { search: write.search, writes: [], done: false };
    targets.set(write.search, target);
    target.writes.push(write);
  }
  let lost = 0;
  for (let round = 1; round <= ROUNDS; round++) {
    const open = [...targets.values()].filter((target) => !target.done);
    if (open.length === 0) return;
    try {
      const known = round === 1 ? await makeMissing(medplum, open) : await readExisting(medplum, open);
      const found = open.filter((target) => !target.done && target.isRead);
      for (const target of found) decide(target, known);
      await writeAll(medplum, found.filter((target) => target.next));
      lost = 0;
    } catch (error) {
      // No answer to a batch as a whole: reading again tells what it did.
      if ((lost += 1) === 3) for (const target of open) if (!target.done) fail(target, `server-${outcomeCode(error.outcome)}`, true);
    }
  }
  for (const target of targets.values()) if (!target.done) fail(target, target.lastProblem || "conflict", true);
}

/** The first try: creates each target unless it is there. A server that has it answers with what it has, so that a new
 * event takes one call; nothing is read before. Gives what each reference stands for, as reading does. */
async function makeMissing(medplum, open) {
  for (const target of open) decide(target, new Map());
  const own = new Set(open.map((target) => target.search));
  const known = knownOf(await writeAll(medplum, open, referencesOf(open).filter((search) => !own.has(search))));
  for (const { search, existing, writes } of open) {
    const id = existing ? existing.id : writes[0].id;
    if (id) known.set(search, `${search.split("?")[0]}/${id}`);
  }
  // Beside a reference that is not known, what is there would look different from ours: that is for the next round.
  for (const target of open) target.isRead = target.existing && referencesOf([target]).every((search) => known.has(search));
  return known;
}

/** Writes `next` of each target and says what became of it, searches the others; gives the others' results. */
async function writeAll(medplum, targets, others = []) {
  if (targets.length === 0) return new Map();
  // A batch makes new resources first, in the order given: one that refers to another comes after it.
  const changing = [...targets].sort((a, b) => conditionalReferences(a.next).length - conditionalReferences(b.next).length);
  const writes = changing.map(({ existing, next, search }) => {
    const [type, query] = search.split("?");
    const version = existing && existing.meta && existing.meta.versionId;
    const request = existing
      ? { method: "PUT", url: `${type}/${existing.id}`, ...(version && { ifMatch: `W/"${version}"` }) }
      : { method: "POST", url: type, ifNoneExist: query };
    return { request, resource: next };
  });
  const results = await batch(medplum, [...writes, ...others.map(searching)]);
  changing.forEach((target, i) => conclude(target, results[i] || {}));
  return new Map(others.map((search, i) => [search, results[writes.length + i] || {}]));
}

async function batch(medplum, entry) {
  return (await medplum.executeBatch({ resourceType: "Bundle", type: "batch", entry })).entry || [];
}

function searching(search) {
  return { request: { method: "GET", url: `${search}&_count=2` } };
}

/** Every conditional reference in what the targets shall become. */
function referencesOf(targets) {
  return [...new Set(targets.flatMap((target) => target.writes).flatMap((write) => conditionalReferences(write.resource)))];
}

/** The literal reference for every search that found one resource. */
function knownOf(results) {
  const known = new Map();
  for (const [search, result] of results) {
    const found = matchesOf(result);
    if (found.length === 1) known.set(search, `${found[0].resourceType}/${found[0].id}`);
  }
  return known;
}

/** Sets `existing` of each target, and gives what each reference of theirs stands for; one not found stays as it is. */
async function readExisting(medplum, open) {
  const list = [...new Set([...open.map((target) => target.search), ...referencesOf(open)])];
  const answers = await batch(medplum, list.map(searching));
  const results = new Map(list.map((search, i) => [search, answers[i] || {}]));
  for (const target of open) {
    const result = results.get(target.search);
    const status = statusOf(result);
    const found = matchesOf(result);
    if (status !== 200) fail(target, `read-${status}`, status === 429 || status >= 500);
    else if (found.length > 1) fail(target, "identity-ambiguous", false);
    target.existing = found[0];
    target.isRead = true;
  }
  return knownOf(results);
}

/** Sets `next`, what the target shall become; undefined when nothing has to be written. */
function decide(target, known) {
  let next = target.existing;
  for (const write of target.writes) {
    const ours = stamped(withKnownReferences(write.resource, known), write.order);
    const time = next && eventTimeOf(next);
    write.id = target.existing && target.existing.id;
    write.action = "none";
    write.kept = undefined;
    if (!next) {
      next = ours;
      write.action = "create";
    } else if (write.mode !== "create-if-missing") {
      if (write.order && time && write.order < time) {
        write.kept = "stale";
        continue;
      }
      const combined = combine(next, ours, write.mode);
      if (!same(combined, next)) write.action = target.existing ? "update" : "create";
      else if (write.order && write.order === time) write.kept = "duplicate";
      next = combined;
    }
  }
  target.next = next === target.existing || same(next, target.existing) ? undefined : next;
  target.done = !target.next;
}

/** What became of one entry of the writing batch. */
function conclude(target, result) {
  const status = statusOf(result);
  const outcome = (result.response || {}).outcome;
  const text = issueOf(outcome).details ? issueOf(outcome).details.text || "" : "";
  const creating = !target.existing;
  if (status === 201 || (status === 200 && !creating)) {
    target.done = true;
    for (const write of target.writes) write.id = write.id || idOf(result);
    return;
  }
  target.lastProblem = "conflict";
  if (status === 200) target.existing = result.resource;
  if (status === 200 || status === 409 || status === 412) return; // it is there, or somebody was first: read again
  if (status === 400 && (outcomeCode(outcome) === "conflict" || text === "Resource ID did not match resolved ID")) return;
  if (status === 400 && text.startsWith("Conditional reference")) {
    target.lastProblem = "reference-not-found"; // made by an event that is still to come, or by this very batch
    if ((target.unresolved = (target.unresolved || 0) + 1) >= 3) fail(target, target.lastProblem, true);
    return;
  }
  if (status === 403 && !target.forbidden) {
    target.forbidden = true; // the policy refuses a stale write: reading again tells whether that was it
    return;
  }
  fail(target, `write-${status}-${outcomeCode(outcome)}`, status === 429 || status >= 500 || status === 0);
}

function fail(target, problem, retry) {
  target.done = true;
  for (const write of target.writes) Object.assign(write, { action: "none", problem, retry });
}

function statusOf(result) {
  return parseInt((result.response || {}).status, 10) || 0;
}

function matchesOf(result) {
  const entries = (result.resource || {}).entry || [];
  return entries.map((entry) => entry.resource).filter((resource) => resource && resource.resourceType !== "OperationOutcome");
}

function idOf(result) {
  const location = (result.response || {}).location || "";
  return (result.resource || {}).id || (location.match(/[A-Z]\w+\/([^/]+)/) || [])[1];
}

function issueOf(outcome) {
  return ((outcome || {}).issue || [])[0] || {};
}

/** The code of an OperationOutcome's first issue: never its text, which may quote a payload. */
function outcomeCode(outcome) {
  const code = issueOf(outcome).code;
  return /^[a-z-]{1,32}$/.test(code || "") ? code : "unknown";
}
