// Statements and what they do: text, command, accesses in order.
import type { Case } from '../case.ts'

export const functions: readonly Case[] = [
  ['select purge()', 'SELECT', 'call function purge'],
  ['select app.purge()', 'SELECT', 'call function app.purge'],
  ["select public.lower('x')", 'SELECT', 'call function public.lower'],
  ["select pg_catalog.lower('x')", 'SELECT', 'session SELECT'],
  ['select "lower"(\'x\'), "LOWER"(\'x\')', 'SELECT', 'call function LOWER'],
  ['select 1 operator(public.+) 2', 'SELECT', 'call operator public.+'],
  ['select 1 operator(pg_catalog.+) 2', 'SELECT', 'session SELECT'],
  ['select a <~> b from t', 'SELECT', 'call operator <~>, read t'],
  ['select 1 = any (array[1])', 'SELECT', 'session SELECT'],
  ['select x from t order by x using operator(mine.<)', 'SELECT', 'read t, call operator mine.<'],
  // columns, not calls by another notation
  ["select e.key, e.value from json_each('{}') e", 'SELECT', 'session SELECT'],
  ["select (json_each('{}')).key", 'SELECT', 'session SELECT'],
  ['select s.i from generate_series(1, 2) s(i)', 'SELECT', 'session SELECT'],
  ['select s.s from generate_series(1, 2) s', 'SELECT', 'session SELECT'],
  ['select x.a from f() as x(a int)', 'SELECT', 'call function f'],
  ['select (t.*).a, t.lower from t', 'SELECT', 'read t'],
  [
    'select (i.keys).n from (select information_schema._pg_expandarray(indkey) as keys from pg_index) i',
    'SELECT',
    'read pg_index',
  ],
  // psql 18's \dx, pgAdmin as it connects and of each table, DBeaver of each index
  ['select e.default_version from pg_available_extensions() e', 'SELECT', 'session SELECT'],
  ['select pg_is_wal_replay_paused(), s.setting from pg_show_all_settings() s', 'SELECT', 'session SELECT'],
  ['select pg_stat_get_numscans(indexrelid) from pg_index', 'SELECT', 'read pg_index'],
  // pgAdmin, of whatever has privileges
  [
    'select (d).grantee, (d).is_grantable from (select aclexplode(relacl) as d from pg_class c) a',
    'SELECT',
    'read pg_class',
  ],
  // another column of the row, another value, more than one source, or a query of its own: not known to be a column
  [
    'select (d).purge from (select aclexplode(relacl) as d from pg_class c) a',
    'SELECT',
    'read pg_class, call function purge',
  ],
  [
    'select (e).grantee from (select aclexplode(relacl) as d, e from pg_class c) a',
    'SELECT',
    'read pg_class, call function grantee',
  ],
  [
    'select (d).grantee from (select aclexplode(relacl) as d from pg_class c) a, t',
    'SELECT',
    'read pg_class, read t, call function grantee',
  ],
  [
    'select (select (d).grantee from t) from (select aclexplode(relacl) as d from pg_class c) a',
    'SELECT',
    'read t, read pg_class, call function grantee',
  ],
  [
    'select (d).grantee from (select aclexplode(relacl) as d from pg_class c union all select t from t) a',
    'SELECT',
    'read pg_class, read t, call function grantee',
  ],
  // it runs the checks of a domain that is named in a value
  [
    "select pg_input_is_valid('1', t.d) from t",
    'SELECT',
    'call function pg_catalog.pg_input_is_valid, read t',
  ],
  ['select pg_sleep(10)', 'SELECT', 'call function pg_catalog.pg_sleep'],
  ["select pg_read_file('/etc/passwd')", 'SELECT', 'server-file function pg_catalog.pg_read_file'],
  ["select pg_catalog.pg_ls_dir('.')", 'SELECT', 'server-file function pg_catalog.pg_ls_dir'],
  ["select lo_import('/etc/passwd')", 'SELECT', 'server-file function pg_catalog.lo_import'],
  [
    'select lo_get(1), lo_unlink(2), loread(1, 2)',
    'SELECT',
    'large-object function pg_catalog.lo_get, large-object function pg_catalog.lo_unlink, large-object function pg_catalog.loread',
  ],
  ["select lo_export(1, '/x')", 'SELECT', 'server-file function pg_catalog.lo_export'],
  ["select * from dblink('host=evil', 'select 1') as t(a int)", 'SELECT', 'remote function dblink'],
  ["select ext.dblink_exec('x', 'y')", 'SELECT', 'remote function ext.dblink_exec'],
  [
    'select pg_terminate_backend(1), pg_cancel_backend(2), pg_reload_conf()',
    'SELECT',
    'backend-signal function pg_catalog.pg_terminate_backend, backend-signal function pg_catalog.pg_cancel_backend, backend-signal function pg_catalog.pg_reload_conf',
  ],
  [
    "select query_to_xml('select * from customers', true, false, '')",
    'SELECT',
    'do function pg_catalog.query_to_xml',
  ],
  ["select table_to_xml('customers', true, false, '')", 'SELECT', 'do function pg_catalog.table_to_xml'],
  ["select database_to_xml(true, false, '')", 'SELECT', 'do function pg_catalog.database_to_xml'],
  ["select ts_stat('select x from t')", 'SELECT', 'do function pg_catalog.ts_stat'],
  [
    "select ts_rewrite('a'::tsquery, 'select t, s from aliases')",
    'SELECT',
    'do function pg_catalog.ts_rewrite',
  ],
  ["select ts_rewrite('a'::tsquery, 'b'::tsquery, 'c'::tsquery)", 'SELECT', 'session SELECT'],
  ["select crosstab('select 1')", 'SELECT', 'do function crosstab'],
  ["select nextval('orders_id_seq')", 'SELECT', 'update sequence orders_id_seq'],
  [
    "select nextval('\"Odd\".seq'::regclass), setval('s', 5)",
    'SELECT',
    'update sequence Odd.seq, update sequence s',
  ],
  ['select nextval(name) from seqs', 'SELECT', 'call function pg_catalog.nextval, read seqs'],
  ["select currval('s'), lastval()", 'SELECT', 'session SELECT'],
  [
    'select pg_advisory_lock(1), pg_try_advisory_xact_lock(2)',
    'SELECT',
    'lock function pg_catalog.pg_advisory_lock, lock function pg_catalog.pg_try_advisory_xact_lock',
  ],
  ['select pg_stat_get_activity(null)', 'SELECT', 'call function pg_catalog.pg_stat_get_activity'],
  ['select information_schema._pg_expandarray(x) from t', 'SELECT', 'read t'],
  ['select information_schema.evil()', 'SELECT', 'call function information_schema.evil'],
  [
    "select pg_logical_emit_message(true, 'a', 'b')",
    'SELECT',
    'call function pg_catalog.pg_logical_emit_message',
  ],
  ['select row_to_json(c) from customers c', 'SELECT', 'read customers'],
]
