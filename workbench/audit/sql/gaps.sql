-- The longest silences between two runs, to see what cadence is usual.
SELECT start, until, date_diff('second', start, until) AS seconds
FROM (
  SELECT recorded AS start, lead(recorded) OVER (ORDER BY recorded) AS until
  FROM audit
  WHERE event_index = 0
)
WHERE until IS NOT NULL
ORDER BY seconds DESC, start
LIMIT 5
