// Ways for a masked value to come out beside a copy that its mask allows.
import { given, type Leak, leak } from './case.ts'
import { extended, MINE, READ } from './copies-steps.ts'

/** With a trigger's function; whoever may make one decides what it does. */
const onMine = (name: string, body: string, ...steps: Leak['steps']): Leak =>
  given(
    name,
    [
      'create table public.mine (v text)',
      `create function public.told() returns trigger language plpgsql as $$begin ${body} return new; end$$`,
      'create trigger told before insert on public.mine for each row execute function public.told()',
      'grant all on public.mine to public',
    ],
    ...steps,
  )

const COPY_ALL = 'insert into public.mine select ssn from customers'

/** Played where every mask allows copies and probes: the values may be in the copy, and come out by no other way. */
export const besideCopies: readonly Leak[] = [
  leak('RETURNING of a copy', MINE, 'insert into public.mine select ssn from customers returning v'),
  leak(
    'RETURNING of a copy, extended',
    MINE,
    extended('insert into public.mine select ssn from customers returning v'),
  ),
  leak('RETURNING of a copy within the table', 'update customers set notes = ssn returning notes'),
  leak('RETURNING of what a column becomes', 'update customers set notes = ssn returning new.notes'),
  leak(
    'RETURNING of a MERGE',
    'merge into customers c using (values (1)) v (n) on c.id = v.n when matched then update set notes = c.ssn returning c.notes',
  ),
  leak(
    'RETURNING in WITH',
    MINE,
    'with w as (insert into public.mine select ssn from customers returning v) select v from w',
  ),
  leak(
    'RETURNING beside a copy in WITH',
    MINE,
    'with w as (insert into public.mine select ssn from customers) update customers set notes = ssn returning notes',
  ),
  leak(
    'RETURNING of a prepared copy',
    MINE,
    'prepare p as insert into public.mine select ssn from customers returning v',
    'execute p',
  ),
  leak(
    'RETURNING of a generated column',
    'create table public.mine (v text, w text generated always as (v) stored)',
    'insert into public.mine (v) select ssn from customers returning w',
  ),
  leak('COPY of the table', 'copy customers to stdout'),
  leak('COPY of a query', 'copy (select ssn from customers) to stdout'),
  leak('COPY of a query, extended', extended('copy (select ssn from customers) to stdout')),
  leak(
    'COPY of RETURNING',
    MINE,
    'copy (insert into public.mine select ssn from customers returning v) to stdout',
  ),
  leak('a result', 'select upper(ssn), email, card from customers'),
  leak('a view', 'create view public.mine as select ssn as v from customers', READ),
  leak('a temporary view', 'create temp view mine as select ssn as v from customers', 'select v from mine'),
  leak('a materialized view', 'create materialized view public.mine as select ssn as v from customers', READ),
  leak(
    'a view that is replaced',
    'create view public.mine as select name as v from customers',
    'create or replace view public.mine as select ssn as v from customers',
    READ,
  ),
  leak(
    'a rule',
    MINE,
    'create rule r as on update to customers do also insert into public.mine values (old.ssn)',
    'update customers set name = name',
    READ,
  ),
  leak(
    'a generated column',
    'alter table customers add column v text generated always as (ssn) stored',
    'select v from customers',
  ),
  leak(
    'a column that changes its type',
    'alter table customers alter column notes type text using ssn',
    'select notes from customers',
  ),
  leak(
    'the error of a cast',
    'create table public.mine (n int)',
    'insert into public.mine select ssn::int from customers',
  ),
  leak(
    'the error of a cast in CREATE TABLE AS',
    'create table public.mine as select ssn::int from customers',
  ),
  leak(
    'the error of a cast, extended',
    MINE,
    extended('insert into public.mine select ssn::int::text from customers'),
  ),
  leak(
    'the error of a unique constraint',
    'create table public.mine (v text unique)',
    'insert into public.mine select ssn from customers, generate_series(1, 2)',
  ),
  leak('the error of a CHECK', `create table public.mine (v text check (v = ''))`, COPY_ALL),
  leak(
    'the error of NOT NULL',
    'create table public.mine (v text, n int not null)',
    'insert into public.mine (v) select ssn from customers',
  ),
  leak(
    'the error of a foreign key',
    'create table public.others (v text primary key)',
    'create table public.mine (v text references others)',
    COPY_ALL,
  ),
  leak(
    'the error of a partitioned table',
    `create table public.mine (v text) partition by list (v)`,
    COPY_ALL,
  ),
  leak('the error of an index', MINE, 'create index on public.mine ((v::int))', COPY_ALL),
  leak(
    'the error of a generated column',
    'create table public.mine (v text, n int generated always as (v::int) stored)',
    'insert into public.mine (v) select ssn from customers',
  ),
  leak(
    'the error of a domain',
    'create domain public.small as text check (value::int > 0)',
    'create table public.mine (v public.small)',
    'insert into public.mine select ssn::public.small from customers',
  ),
  leak(
    'the error of a domain that is not shown',
    'create domain public.small as text check (value::int > 0)',
    'create table public.mine (v public.small)',
    COPY_ALL,
  ),
  leak('the error of a changed column', 'update customers set birthday = ssn::date'),
  leak(
    'the failing row of a changed column',
    'alter table orders add check (total < 1e9)',
    `update customers set name = nullif(ssn, ssn)`,
  ),
  leak(
    'the error of MERGE',
    'create table public.mine (v text unique)',
    'merge into public.mine m using (select ssn from customers, generate_series(1, 2)) c on false when not matched then insert values (c.ssn)',
  ),
  onMine('a notice of a trigger', `raise notice '%', new.v;`, COPY_ALL),
  onMine('an error of a trigger', `raise exception '%', new.v;`, COPY_ALL),
  onMine('an error of a trigger, extended', `raise exception '%', new.v;`, extended(COPY_ALL)),
  onMine(
    'a notification of a trigger',
    `perform pg_notify('heard', new.v);`,
    'listen heard',
    COPY_ALL,
    'select 1',
  ),
  leak('a notification', 'listen heard', `select pg_notify('heard', ssn) from customers`, 'select 1'),
  leak('a setting', `select set_config('application_name', ssn, false) from customers where id = 1`),
  leak(
    'a large object',
    `select lo_from_bytea(4242, convert_to(ssn, 'utf8')) from customers where id = 1`,
    `select convert_from(lo_get(4242), 'utf8')`,
  ),
  leak('a code block', `do $$begin raise notice '%', (select string_agg(ssn, ' ') from customers); end$$`),
  leak(
    'a cursor',
    'begin',
    'declare c cursor for select ssn || $$$$ from customers',
    'fetch all from c',
    'commit',
  ),
]
