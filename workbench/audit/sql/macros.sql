-- What a result line says is shown only when it looks like a name or an id: a bot that prints a sentence is masked.
CREATE OR REPLACE TEMP MACRO shape(x) AS
  CASE WHEN regexp_full_match(x, '[A-Za-z0-9_.:/-]{1,200}') THEN x
       WHEN x <> '' THEN '…' END;

-- A time is an instant: the text's own offset counts, and the timestamp is UTC. (Medplum writes Z, the fast way.)
CREATE OR REPLACE TEMP MACRO instant(x) AS
  CASE WHEN ends_with(x, 'Z') THEN x::TIMESTAMP ELSE timezone('UTC', x::TIMESTAMPTZ) END;
