-- `rows` with each run once: its newest version, also where pages overlapped.
CREATE OR REPLACE TEMP TABLE rows AS
SELECT * FROM rows
QUALIFY rank() OVER (PARTITION BY id ORDER BY last_updated DESC) = 1
  AND row_number() OVER (PARTITION BY id, result_index ORDER BY last_updated DESC) = 1
