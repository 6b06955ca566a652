-- What a result line says is shown only when it looks like a name or an id: a bot that prints a sentence is masked.
CREATE OR REPLACE TEMP MACRO shape(x) AS
  CASE WHEN regexp_full_match(x, '[A-Za-z0-9_.:/-]{1,200}') THEN x
       WHEN x <> '' THEN '…' END
