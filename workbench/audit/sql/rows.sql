-- The AuditEvents of bot runs in the files $files (one resource a line) -> one row for each event of a run and mapping of it.
-- `text` is not masked yet: whoever runs this masks it, unless $reveal was asked for.
--
-- The result line of our own bots is the last `{"workbench":1,…}` of the console output: a bot that throws prints it
-- first and is then quoted by the server. A bot we did not build has none; its run is one row with those columns empty.
-- An AuditEvent that was read twice, or rewritten, is here twice: `newest.sql` keeps its newest version.
WITH events AS (
  SELECT
    * REPLACE (
      -- a line of the server's log has neither id nor meta: what it says is its id
      coalesce(id, 'log-' || md5(concat_ws('|',
        recorded, period."start", source.observer.reference, extension::VARCHAR, outcomeDesc))) AS id,
      coalesce(meta, {'lastUpdated': recorded}) AS meta
    )
  FROM read_json(
    $files,
    format = 'newline_delimited',
    maximum_object_size = 4194304,  -- bytes of one AuditEvent; smaller buffers are faster
    columns = {
      resourceType: 'VARCHAR',
      id: 'VARCHAR',
      meta: 'STRUCT(lastUpdated VARCHAR)',
      type: 'STRUCT(code VARCHAR)',
      recorded: 'VARCHAR',
      period: 'STRUCT("start" VARCHAR, "end" VARCHAR)',
      outcome: 'VARCHAR',
      outcomeDesc: 'VARCHAR',
      source: 'STRUCT(observer STRUCT(reference VARCHAR, display VARCHAR))',
      agent: 'STRUCT(who STRUCT(reference VARCHAR), requestor BOOLEAN)[]',
      entity: 'STRUCT(what STRUCT(reference VARCHAR))[]',
      extension: 'STRUCT(url VARCHAR, valueInteger BIGINT, extension STRUCT(url VARCHAR, valueId VARCHAR)[])[]'
    }
  )
  WHERE resourceType = 'AuditEvent' AND type.code = 'execute'
),
runs AS (
  SELECT
    id,
    instant(recorded) AS recorded,
    instant(meta.lastUpdated) AS last_updated,
    outcome,
    coalesce(
      date_diff('millisecond', instant(period."start"), instant(period."end")),
      list_filter(extension, lambda x: x.url = 'https://medplum.com/fhir/StructureDefinition/durationMs')[1].valueInteger
    ) AS duration_ms,
    CASE WHEN source.observer.reference LIKE 'Bot/%' THEN source.observer.reference END AS bot,
    CASE WHEN source.observer.reference LIKE 'Bot/%' THEN source.observer.display END AS bot_name,
    list_filter(agent, lambda x: x.requestor)[1].who.reference AS requester,
    list_filter(entity, lambda x: starts_with(x.what.reference, 'Subscription/'))[1].what.reference AS subscription,
    list_filter(
      list_filter(extension, lambda x: x.url = 'https://medplum.com/fhir/StructureDefinition/tracing')[1].extension,
      lambda x: x.url = 'traceId'
    )[1].valueId AS trace_id,
    outcomeDesc AS console,
    CASE WHEN contains(outcomeDesc, '{"workbench":1,')
      THEN list_last(regexp_extract_all(outcomeDesc, '\{"workbench":1,.*\}')) END AS line
  FROM events
),
read AS (
  SELECT
    * EXCLUDE (line),
    contains(console, '{"workbench":') AS ours,
    from_json(
      CASE WHEN json_valid(line) THEN line END,
      '{"provider": "VARCHAR", "proof": "VARCHAR", "handshake": "BOOLEAN", "results": [{
          "event": "VARCHAR", "type": "VARCHAR", "at": "VARCHAR", "mapping": "VARCHAR", "outcome": "VARCHAR",
          "writes": [{"ref": "VARCHAR", "action": "VARCHAR"}], "problem": "VARCHAR"}]}'
    ) AS result
  FROM runs
),
split AS (
  SELECT
    *,
    len(list_filter(result.results, lambda x: x.outcome IN ('failed', 'refused'))) > 0 AS told,
    unnest(CASE WHEN len(result.results) > 0 THEN result.results ELSE [NULL] END) AS item,
    generate_subscripts(CASE WHEN len(result.results) > 0 THEN result.results ELSE [NULL] END, 1) - 1 AS result_index
  FROM read
),
named AS (
  SELECT
    *,
    CASE WHEN result.handshake THEN 'handshake' ELSE item.outcome END AS action,
    -- several mappings may take one event: where its first result is, and the weightiest of its outcomes
    CASE WHEN len(result.results) > 1 THEN list_position(
      list_transform(result.results, lambda x: coalesce(x.event, '')), coalesce(item.event, '')) - 1
    ELSE 0 END AS event_index,
    CASE WHEN len(result.results) > 1 THEN list_filter(
      ['failed', 'refused', 'applied', 'stale', 'unchanged', 'duplicate', 'ignored'],
      lambda word: len(list_filter(result.results,
        lambda x: x.outcome = word AND x.event IS NOT DISTINCT FROM item.event)) > 0)[1]
    END AS weightiest,
    -- an error is told by the last console line that is neither our result nor a frame of the stack
    CASE WHEN outcome <> '0' OR item.outcome = 'failed' THEN
      list_last(list_filter(string_split(console, chr(10)), lambda x:
        trim(x) <> '' AND NOT starts_with(ltrim(x), 'at ') AND NOT contains(x, '{"workbench":')))
    END AS said
  FROM split
),
judged AS (
  SELECT
    *,
    coalesce(weightiest, action) AS event_outcome,
    CASE
      WHEN coalesce(weightiest, action) = 'refused' THEN 'refused'
      -- the event's own word counts, unless the run failed and none of its events says so
      WHEN coalesce(weightiest, action) = 'failed' OR outcome <> '0' AND NOT coalesce(told, false) THEN 'failed'
      ELSE 'ok'
    END AS state
  FROM named
)
SELECT
  id,
  result_index::SMALLINT AS result_index,
  event_index::SMALLINT AS event_index,
  recorded,
  last_updated,
  outcome,
  duration_ms,
  bot,
  bot_name,
  requester,
  subscription,
  trace_id,
  shape(result.provider) AS provider,
  shape(item.event) AS event_id,
  shape(item.type) AS event_type,
  timezone('UTC', TRY_CAST(item."at" AS TIMESTAMPTZ)) AS event_time,
  shape(split_part(item.mapping, '@', 1)) AS mapping,
  TRY_CAST(nullif(split_part(item.mapping, '@', 2), '') AS SMALLINT) AS version,
  shape(action) AS action,
  shape(event_outcome) AS event_outcome,
  shape(result.proof) AS proof,
  CASE WHEN item IS NOT NULL
    THEN len(list_filter(item.writes, lambda x: x.action IN ('create', 'update')))::SMALLINT END AS writes,
  CASE WHEN item IS NOT NULL
    THEN array_to_string(list_transform(item.writes, lambda x: shape(x.ref)), ' ') END AS refs,
  state,
  CASE WHEN ours AND result.results IS NULL THEN 'unreadable-result' ELSE item.problem END AS problem,
  CASE WHEN $reveal THEN console WHEN state <> 'ok' THEN said END AS text
FROM judged
