// Statements by hand, of every kind that the grammar has and of every way around that came to mind. All of them run.

export interface OwnStatement {
  readonly text: string
  /** first version whose grammar has it */
  readonly since?: 16 | 17 | 18
}

const lines = (text: string, since?: 16 | 17 | 18): OwnStatement[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => ({ text: line, ...(since !== undefined && { since }) }))

const QUERIES = lines(`
  SELECT * FROM customers
  SELECT (c).ssn FROM customers c
  SELECT c.label_of FROM customers c
  SELECT (SELECT c FROM customers c WHERE id = 1).name
  SELECT (at).street, (h.at).town FROM homes h
  SELECT (10).purge
  SELECT s.purge FROM generate_series(10, 11) s
  SELECT (s.*).purge FROM generate_series(10, 11) s
  SELECT generate_series.purge FROM generate_series(10, 11)
  SELECT purge.purge FROM generate_series(10, 11) purge(x)
  SELECT purge.purge FROM generate_series(10, 11) purge
  SELECT (o.id).purge FROM orders o
  SELECT (ARRAY[10])[1].purge
  SELECT s.i, s.ordinality FROM generate_series(1, 2) WITH ORDINALITY s(i)
  SELECT e.key, (jsonb_each(data)).value FROM app.items, jsonb_each('{"a": 1}') e WHERE false
  SELECT (i.keys).n FROM (SELECT information_schema._pg_expandarray(indkey) AS keys FROM pg_index) i
  SELECT ('q'::regclass).nextval
  SELECT ('SELECT ssn::tsvector FROM customers'::text).ts_stat
  SELECT word FROM ts_stat('SELECT to_tsvector(name) FROM customers')
  SELECT ts_rewrite('a'::tsquery, 'SELECT ''a''::tsquery, name::tsquery FROM customers')
  SELECT query_to_xml('SELECT * FROM customers', true, true, '')
  SELECT table_to_xml('customers', true, true, '')
  SELECT schema_to_xml('public', true, true, '')
  SELECT purge(10)
  SELECT 'x'::checked
  SELECT CAST('x' AS checked)
  SELECT * FROM order_totals
  SELECT * FROM totals
  SELECT * FROM parts
  SELECT * FROM parent
  SELECT * FROM ONLY parent
  SELECT * FROM customers TABLESAMPLE bernoulli (50)
  SELECT * FROM customers FOR UPDATE
  SELECT * FROM customers c, orders o FOR SHARE OF o
  SELECT * FROM (SELECT * FROM customers) s FOR UPDATE
  SELECT * FROM names FOR NO KEY UPDATE
  SELECT * INTO TEMP copied FROM customers
  SELECT ssn INTO app.copied FROM customers
  SELECT * FROM customers WHERE EXISTS (SELECT FROM orders WHERE customer_id = customers.id)
  WITH gone AS (DELETE FROM orders RETURNING *) SELECT count(*) FROM gone
  WITH RECURSIVE r AS (SELECT id FROM customers UNION SELECT r.id + 1 FROM r JOIN orders ON orders.id = r.id) SELECT * FROM r
  WITH customers AS (SELECT 1) SELECT * FROM customers
  WITH customers AS (SELECT 1) DELETE FROM customers
  TABLE customers
  VALUES ((SELECT ssn FROM customers LIMIT 1))
  SELECT x.* FROM app.items, XMLTABLE('/a/b' PASSING doc COLUMNS b text PATH '.') x
  SELECT xpath('/a/b', doc) FROM app.items
  SELECT xmlforest(ssn), xmlelement(name a, name) FROM customers
  SELECT * FROM customers NATURAL JOIN names
  SELECT * FROM customers UNION ALL SELECT id, owner::text, NULL FROM guarded
  SELECT nextval('q'), setval('q', 5), currval('q'), lastval()
  SELECT nextval('app.items_id_seq'::regclass)
  SELECT txid_current(), pg_current_xact_id(), pg_current_snapshot()
  SELECT pg_advisory_xact_lock(1)
  SELECT pg_try_advisory_lock(2)
  SELECT pg_notify('c', 'x')
  SELECT pg_export_snapshot()
  SELECT set_config('role', 'reader', true)
  SELECT set_config('work_mem', '8MB', true), set_config('search_path', 'app', true)
  SELECT set_config('app.tenant', ssn, true) FROM customers
  SELECT setseed(0.5), random()
  SELECT lo_create(0)
  SELECT lo_from_bytea(0, 'x')
  SELECT pg_get_viewdef('order_totals'::regclass), pg_get_functiondef('purge'::regproc)
  SELECT has_table_privilege('reader', 'customers', 'SELECT')
  SELECT pg_relation_size('customers'), pg_total_relation_size('customers')
  SELECT pg_stat_get_live_tuples('customers'::regclass)
  SELECT pg_current_wal_lsn(), pg_is_in_recovery()
  SELECT pg_ls_dir('.')
  SELECT pg_read_file('PG_VERSION')
  SELECT pg_read_binary_file('PG_VERSION')
  SELECT pg_stat_file('PG_VERSION')
  SELECT pg_logical_emit_message(true, 'a', 'b')
  SELECT row_to_json(c), to_jsonb(c), array_agg(c) OVER () FROM customers c
  SELECT c.quote_literal FROM customers c
  SELECT max(total) FILTER (WHERE total > 1) OVER (PARTITION BY customer_id ORDER BY id) FROM orders
  SELECT customer_id, sum(total) FROM orders GROUP BY ROLLUP (customer_id) HAVING sum(total) > 0
  SELECT * FROM ROWS FROM (generate_series(1, 2), purge(10)) r
  SELECT * FROM json_to_recordset('[{"a": 1}]') AS r(a int)
  SELECT * FROM guarded
`)

const CHANGES = lines(`
  INSERT INTO customers VALUES (3, 'Cy', '1') RETURNING ssn
  INSERT INTO customers VALUES (1, 'Cy', '1') ON CONFLICT (id) DO UPDATE SET ssn = excluded.ssn
  INSERT INTO customers VALUES (1, 'Cy', '1') ON CONFLICT DO NOTHING
  INSERT INTO app.items (label) SELECT ssn FROM customers
  INSERT INTO orders VALUES (12, 1, 1)
  INSERT INTO parts VALUES (1, 'a')
  INSERT INTO watched VALUES (1)
  INSERT INTO ruled VALUES (1)
  INSERT INTO names VALUES (5, 'E')
  UPDATE customers SET name = 'x'
  UPDATE customers SET (name, ssn) = (SELECT 'a', 'b')
  UPDATE names SET name = 'x' WHERE id = 1
  UPDATE orders SET total = c.id FROM customers c WHERE c.id = orders.customer_id
  UPDATE parent SET a = 1
  UPDATE homes SET at.street = 'z'
  DELETE FROM customers
  DELETE FROM orders USING customers c WHERE c.id = customer_id AND c.ssn LIKE '0%'
  DELETE FROM ONLY parent
  MERGE INTO orders o USING customers c ON c.id = o.customer_id WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (c.id, c.id, 0)
  MERGE INTO orders o USING customers c ON c.id = o.customer_id WHEN MATCHED AND c.ssn = '' THEN UPDATE SET total = 1 WHEN MATCHED THEN DO NOTHING
  TRUNCATE orders
  TRUNCATE customers CASCADE
  TRUNCATE ONLY parent, audit RESTART IDENTITY
  COPY customers TO STDOUT
  COPY (DELETE FROM orders RETURNING *) TO STDOUT
  COPY (SELECT ssn FROM customers) TO STDOUT (FORMAT csv)
  COPY customers FROM STDIN
  COPY customers TO PROGRAM 'cat > /dev/null'
  EXPLAIN DELETE FROM orders
  EXPLAIN ANALYZE DELETE FROM orders
  EXPLAIN (ANALYZE off) UPDATE orders SET total = 1
  EXPLAIN (ANALYZE, COSTS off) CREATE TABLE app.made AS SELECT * FROM customers
  EXPLAIN SELECT purge(10)
  DO $$BEGIN DELETE FROM orders; END$$
  CALL clear()
  PREPARE p AS DELETE FROM orders
  DECLARE cur CURSOR FOR SELECT * FROM customers
  LOCK TABLE customers IN EXCLUSIVE MODE
  LOCK TABLE order_totals
  LISTEN c
  NOTIFY c, 'x'
  UNLISTEN *
  SET LOCAL work_mem = '8MB'
  SET LOCAL ROLE reader
  SET LOCAL SESSION AUTHORIZATION reader
  SET LOCAL search_path = app
  RESET ROLE
  SHOW search_path
  DISCARD PLANS
  DISCARD SEQUENCES
  DISCARD TEMP
  DEALLOCATE ALL
  SET CONSTRAINTS ALL DEFERRED
`)

const DEFINITIONS = lines(`
  CREATE TABLE app.t (id int PRIMARY KEY, c int REFERENCES customers, d int DEFAULT purge(1), CHECK (d > 0))
  CREATE TABLE app.t (LIKE customers INCLUDING ALL)
  CREATE TABLE app.t (id int GENERATED ALWAYS AS IDENTITY, t int GENERATED ALWAYS AS (1 + 1) STORED)
  CREATE TABLE app.t (id int GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME app.elsewhere))
  CREATE TABLE app.t (EXCLUDE USING gist (a WITH &&), a int4range)
  CREATE TABLE app.t OF address
  CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (100) TO (200)
  CREATE TABLE app.t () INHERITS (customers)
  CREATE TEMP TABLE t AS TABLE customers
  CREATE TABLE app.t AS SELECT * FROM customers WITH NO DATA
  CREATE VIEW app.v AS SELECT ssn FROM customers
  CREATE OR REPLACE VIEW names AS SELECT id, name FROM customers
  CREATE RECURSIVE VIEW app.r (n) AS SELECT 1 UNION SELECT n + 1 FROM r WHERE n < 3
  CREATE MATERIALIZED VIEW app.m AS SELECT ssn FROM customers
  CREATE SEQUENCE app.s OWNED BY app.items.label
  CREATE INDEX ON customers (lower(ssn)) WHERE id > 0
  CREATE UNIQUE INDEX ON parts (k)
  CREATE STATISTICS app.st ON (id + 1), total FROM orders
  CREATE FUNCTION app.f(int) RETURNS int LANGUAGE sql AS 'DELETE FROM orders; SELECT 1'
  CREATE FUNCTION app.f(int) RETURNS int LANGUAGE sql RETURN (SELECT count(*) FROM customers)
  CREATE FUNCTION app.f(int) RETURNS int LANGUAGE sql BEGIN ATOMIC DELETE FROM orders; SELECT 1; END
  CREATE OR REPLACE FUNCTION purge(int) RETURNS int LANGUAGE sql AS 'SELECT 2'
  CREATE PROCEDURE app.p() LANGUAGE plpgsql AS $$BEGIN END$$
  CREATE AGGREGATE app.agg (int) (SFUNC = int4pl, STYPE = int)
  CREATE OPERATOR app.+* (FUNCTION = purge, RIGHTARG = int)
  CREATE CAST (int AS address) WITH INOUT
  CREATE TYPE app.ty AS (a customers)
  CREATE TYPE app.en AS ENUM ('a')
  CREATE TYPE app.rg AS RANGE (SUBTYPE = int)
  CREATE DOMAIN app.d AS int DEFAULT purge(1) CHECK (VALUE > 0)
  CREATE DOMAIN public.upper AS text CHECK (purge_text(VALUE))
  CREATE COLLATION app.co (LOCALE = 'C')
  CREATE CONVERSION app.cv FOR 'UTF8' TO 'LATIN1' FROM utf8_to_iso8859_1
  CREATE TEXT SEARCH CONFIGURATION app.ts (COPY = pg_catalog.english)
  CREATE TEXT SEARCH DICTIONARY app.di (TEMPLATE = simple)
  CREATE OPERATOR FAMILY app.of USING btree
  CREATE OPERATOR CLASS app.oc FOR TYPE int USING btree AS OPERATOR 1 <, OPERATOR 3 =, FUNCTION 1 btint4cmp(int, int)
  CREATE TRIGGER tr AFTER DELETE ON customers FOR EACH ROW WHEN (OLD.ssn <> '') EXECUTE FUNCTION note()
  CREATE CONSTRAINT TRIGGER tr AFTER INSERT ON orders FROM customers FOR EACH ROW EXECUTE FUNCTION note()
  CREATE RULE r AS ON DELETE TO customers DO INSTEAD DELETE FROM orders
  CREATE POLICY po ON customers USING (EXISTS (SELECT FROM orders WHERE customer_id = customers.id))
  CREATE SCHEMA s2 AUTHORIZATION reader
  CREATE SCHEMA s3 CREATE TABLE t (id int REFERENCES customers, n int DEFAULT purge(1)) CREATE VIEW v AS SELECT t.id, o.id AS o FROM t, orders o CREATE INDEX ON t (n) GRANT SELECT ON v TO reader
  CREATE ROLE r2 IN ROLE reader ADMIN owner_of_things
  CREATE USER u2 PASSWORD 'x'
  CREATE PUBLICATION p2 FOR ALL TABLES
  CREATE PUBLICATION p2 FOR TABLES IN SCHEMA app
  CREATE FOREIGN DATA WRAPPER w
  CREATE LANGUAGE plx HANDLER plpgsql_call_handler
  CREATE ACCESS METHOD am TYPE TABLE HANDLER heap_tableam_handler
  CREATE TRANSFORM FOR int LANGUAGE sql (FROM SQL WITH FUNCTION prsd_lextype(internal))
  CREATE VIEW app.settings_view AS SELECT * FROM pg_settings
  UPDATE pg_settings SET setting = '8MB' WHERE name = 'work_mem'
`)

const ALTERATIONS = lines(`
  ALTER TABLE customers ADD COLUMN x int DEFAULT 1
  ALTER TABLE customers ADD COLUMN x serial
  ALTER TABLE customers DROP COLUMN ssn CASCADE
  ALTER TABLE free_standing ALTER COLUMN v TYPE bytea USING v::bytea
  ALTER TABLE orders ADD FOREIGN KEY (id) REFERENCES customers NOT VALID
  ALTER TABLE orders ADD CHECK (purge(id) > 0) NOT VALID
  ALTER TABLE customers ALTER id ADD GENERATED ALWAYS AS IDENTITY
  ALTER TABLE customers OWNER TO reader
  ALTER TABLE customers RENAME TO clients
  ALTER TABLE customers RENAME COLUMN ssn TO s
  ALTER TABLE audit SET SCHEMA app
  ALTER TABLE looks_like_parent INHERIT parent
  ALTER TABLE child NO INHERIT parent
  ALTER TABLE parts ATTACH PARTITION free_standing FOR VALUES FROM (300) TO (400)
  ALTER TABLE parts DETACH PARTITION parts_1
  ALTER TABLE customers ENABLE ROW LEVEL SECURITY
  ALTER TABLE watched DISABLE TRIGGER ALL
  ALTER TABLE orders CLUSTER ON orders_pkey
  ALTER TABLE customers REPLICA IDENTITY FULL
  ALTER TABLE ALL IN TABLESPACE pg_default SET TABLESPACE pg_default
  ALTER INDEX orders_total RENAME TO ot
  ALTER VIEW names RENAME TO nn
  ALTER VIEW names SET SCHEMA app
  ALTER MATERIALIZED VIEW totals RENAME TO tt
  ALTER SEQUENCE q RESTART
  ALTER SEQUENCE q OWNED BY customers.id
  ALTER SEQUENCE q RENAME TO qq
  ALTER SCHEMA app RENAME TO app2
  ALTER SCHEMA app OWNER TO reader
  ALTER TYPE address ADD ATTRIBUTE zip text CASCADE
  ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'
  ALTER TYPE mood RENAME TO humour
  ALTER DOMAIN checked DROP CONSTRAINT checked_check
  ALTER DOMAIN checked OWNER TO reader
  ALTER FUNCTION purge(int) RENAME TO lower
  ALTER FUNCTION purge(int) SET SCHEMA app
  ALTER FUNCTION purge(int) SECURITY DEFINER
  ALTER FUNCTION purge(int) OWNER TO reader
  ALTER FUNCTION note() DEPENDS ON EXTENSION plpgsql
  ALTER TRIGGER noting ON watched RENAME TO n2
  ALTER POLICY own_rows ON guarded USING (true)
  ALTER POLICY own_rows ON guarded RENAME TO p3
  ALTER RULE also ON ruled RENAME TO a2
  ALTER STATISTICS order_stats SET STATISTICS 10
  ALTER PUBLICATION pub ADD TABLE orders
  ALTER EXTENSION plpgsql ADD TABLE customers
  ALTER ROLE reader SUPERUSER
  ALTER ROLE reader SET work_mem = '8MB'
  ALTER ROLE reader RENAME TO reader2
  ALTER GROUP reader ADD USER owner_of_things
  ALTER DATABASE oracle SET search_path = app
  ALTER DATABASE oracle OWNER TO reader
  ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC
  ALTER LANGUAGE plpgsql RENAME TO pl
  ALTER TEXT SEARCH CONFIGURATION pg_catalog.english DROP MAPPING FOR word
  COMMENT ON COLUMN customers.ssn IS 'x'
  COMMENT ON FUNCTION purge(int) IS 'x'
  GRANT SELECT ON customers TO reader
  GRANT SELECT ON ALL TABLES IN SCHEMA public TO PUBLIC
  GRANT reader TO owner_of_things
  GRANT ALL ON SCHEMA app TO reader
  GRANT EXECUTE ON FUNCTION purge(int) TO reader
  REVOKE ALL ON customers FROM PUBLIC
  REASSIGN OWNED BY reader TO owner_of_things
  ANALYZE customers
  ANALYZE
  REINDEX TABLE customers
  CLUSTER orders USING orders_pkey
  REFRESH MATERIALIZED VIEW totals
  DROP TABLE free_standing
  DROP TABLE customers CASCADE
  DROP TABLE parts
  DROP VIEW names
  DROP MATERIALIZED VIEW totals
  DROP SEQUENCE q
  DROP INDEX orders_total
  DROP FUNCTION purge(int)
  DROP ROUTINE clear
  DROP DOMAIN checked
  DROP TYPE address CASCADE
  DROP TRIGGER noting ON watched
  DROP RULE also ON ruled
  DROP POLICY own_rows ON guarded
  DROP STATISTICS order_stats
  DROP PUBLICATION pub
  DROP SCHEMA app CASCADE
  DROP ROLE IF EXISTS nobody
  DROP OWNED BY reader
  DROP EXTENSION plpgsql CASCADE
  CHECKPOINT
`)

const OUTSIDE = lines(`
  VACUUM customers
  VACUUM (FULL, ANALYZE) orders
  CLUSTER
  CREATE INDEX CONCURRENTLY ON orders (customer_id)
  DROP INDEX CONCURRENTLY IF EXISTS orders_customer_id_idx
  REINDEX TABLE CONCURRENTLY orders
  REINDEX SCHEMA app
  ALTER SYSTEM SET work_mem = '5MB'
  ALTER SYSTEM RESET ALL
  CREATE DATABASE elsewhere
  DROP DATABASE elsewhere
  DISCARD ALL
`)

const LATER = [
  ...lines(
    `
  SELECT json_arrayagg(ssn), json_objectagg(id: ssn) FROM customers
  SELECT json_array(SELECT ssn FROM customers), ssn IS JSON FROM customers
  SELECT system_user, any_value(ssn) FROM customers
  SELECT * FROM (SELECT ssn FROM customers)`,
    16,
  ),
  ...lines(
    `
  SELECT j.* FROM app.items, JSON_TABLE(data, '$[*]' COLUMNS (x int PATH '$.x')) j
  SELECT json_query(data, '$[*]' WITH WRAPPER), json_exists(data, '$[*]'), json_value(data, '$[0].x') FROM app.items
  SELECT json_value(data, '$[0].y' DEFAULT purge(10) ON EMPTY) FROM app.items
  SELECT json_scalar(ssn), json_serialize(to_jsonb(ssn)) FROM customers
  MERGE INTO orders o USING customers c ON c.id = o.customer_id WHEN NOT MATCHED BY SOURCE THEN DELETE WHEN MATCHED THEN UPDATE SET total = 1 RETURNING merge_action(), o.*, c.ssn
  COPY customers FROM STDIN (ON_ERROR ignore)`,
    17,
  ),
  ...lines(
    `
  UPDATE customers SET name = 'x' RETURNING old.ssn, new.name
  UPDATE customers SET name = 'x' RETURNING WITH (OLD AS o, NEW AS n) o.ssn, n
  DELETE FROM orders RETURNING old.*
  CREATE TABLE app.t (a int, b int GENERATED ALWAYS AS (a + 1) VIRTUAL)
  CREATE TABLE app.t (a int, CONSTRAINT nn NOT NULL a NOT VALID)
  CREATE TABLE app.t (k int, r int4range, EXCLUDE USING gist (r WITH &&))
  SELECT c.max FROM customers c
  SELECT uuidv7(), array_sort(ARRAY[2, 1]), casefold(ssn) FROM customers`,
    18,
  ),
]

export const OWN_STATEMENTS: readonly OwnStatement[] = [
  ...QUERIES,
  ...CHANGES,
  ...DEFINITIONS,
  ...ALTERATIONS,
  ...OUTSIDE,
  ...LATER,
]
