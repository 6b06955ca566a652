// -- One delivery --

async function handleDelivery(medplum, event) {
  const startedAt = Date.now();
  const headers = event.headers || {};
  const finish = (more, results) => report({ workbench: 1, provider: PROVIDER.name, ...more, results, ms: Date.now() - startedAt });
  const refused = (problem) => finish({ proof: "none" }, [{ event: null, type: null, mapping: null, outcome: "refused", writes: [], problem }]);

  const data = parse(event.input);
  if (data === undefined) return refused("body-unreadable");
  const unsigned = PROVIDER.handshakes.every((rule) => !rule.signed);
  const early = unsigned && answerHandshake(data, headers);
  if (early) return finish({ handshake: true }, []) && early;
  const { proof, mark, problem } = authenticate(event.input, headers, event.secrets || {});
  if (problem) return refused(problem);
  const answer = !unsigned && answerHandshake(data, headers);
  if (answer) return finish({ handshake: true }, []) && answer;
  const events = readEvents(data, headers);
  if (!events) return finish({ proof }, [{ event: null, type: null, mapping: null, outcome: "failed", writes: [], problem: "envelope-unknown" }]);

  const rows = events.flatMap(mapEvent);
  await settle(medplum, rows);
  return finish({ proof }, rows.map((row) => conclusion(row, mark)));
}

/** One row for every mapping that takes the event, or one that says that none does. */
function mapEvent(event) {
  const text = (value) => (typeof value === "string" || typeof value === "number" ? String(value) : null);
  const name = { event: text(event.id), type: text(event.type), at: event.at };
  if (name.event === null || name.type === null) return [{ ...name, mapping: null, writes: [], problem: "event-unnamed" }];
  const taking = MAPPINGS.filter((mapping) => accepts(mapping, name.type));
  if (taking.length === 0) return [{ ...name, mapping: null, writes: [] }];
  return taking.map((mapping) => {
    const row = { ...name, mapping: `${mapping.name}@${mapping.version}`, writes: [] };
    const problems = [];
    try {
      row.writes = mapping.map(event.payload, problems).map((write) => ({ ...write, mode: write.write, search: searchOf(write) }));
      if (problems.length > 0) row.note = shortCode(problems[0].code);
    } catch (fault) {
      row.problem = shortCode(fault.code);
    }
    return row;
  });
}

/** The row of the result line: what became of one event under one mapping. */
function conclusion(row, mark) {
  const failed = row.writes.find((write) => write.problem);
  const problem = row.problem || (failed && failed.problem);
  const acted = row.writes.some((write) => write.action !== "none");
  const kept = (kind) => row.writes.some((write) => write.kept === kind);
  let outcome = "unchanged";
  if (problem) outcome = "failed";
  else if (row.writes.length === 0) outcome = "ignored";
  else if (acted) outcome = "applied";
  else if (kept("stale")) outcome = "stale";
  else if (kept("duplicate")) outcome = "duplicate";
  const writes = row.writes.map((write) => ({
    ref: write.id ? `${write.resource.resourceType}/${write.id}` : write.resource.resourceType,
    action: write.action,
  }));
  const said = problem || mark || row.note;
  return {
    event: row.event, type: row.type, at: row.at, mapping: row.mapping, outcome, writes,
    ...(said && { problem: said }),
    ...(row.writes.some((write) => write.retry) && { retry: true }),
  };
}

/** Logs the result and gives it back; throws it where the provider's sending it again would help. */
function report(result) {
  for (let i = 0; i === 0 || i < result.results.length; i += 20)
    console.log(JSON.stringify({ ...result, results: result.results.slice(i, i + 20) }));
  const again = result.results.filter((row) => row.retry || row.outcome === "refused");
  if (again.length === 0) return result;
  const told = result.results.length > 10 ? again.slice(0, 10) : result.results;
  throw new Error(JSON.stringify({ ...result, results: told }));
}

function parse(input) {
  if (typeof input !== "string") return input && typeof input === "object" ? input : {};
  try {
    return JSON.parse(input);
  } catch {
    return undefined;
  }
}

/** A problem's code, as long as it is one: a message could hold a payload's value. */
function shortCode(code) {
  return typeof code === "string" && /^[A-Za-z][A-Za-z0-9-]{0,39}$/.test(code) ? code : "mapping-failed";
}
