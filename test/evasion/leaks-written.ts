// Ways to bring masked values out by what rules and triggers make of a write: its RETURNING, and its plan.
import { given, type Leak } from './case.ts'

/** A rule of a table gives rows that it makes as those that are written. */
const returned = (event: 'insert' | 'update' | 'delete') => [
  `create table other (id int, status text); insert into other values (1, 'x'); grant all on other to app_rw`,
  `create rule r as on ${event} to orders do instead ${
    {
      insert: `insert into other values (1, 'y')`,
      update: `update other set status = 'y'`,
      delete: 'delete from other',
    }[event]
  } returning 1, 1, 1::numeric(12,2), (select ssn from customers where id = 1), now()`,
]

const PEEK = `create function peek() returns text immutable language sql as 'select ssn from public.customers where id = 1'`

export const writtenLeaks: readonly Leak[] = [
  given(
    'RETURNING of what a rule inserts instead',
    returned('insert'),
    `insert into orders values (901, 1, 1, 'x', now()) returning status`,
  ),
  given(
    'RETURNING of what a rule updates instead',
    returned('update'),
    `update orders set status = 'z' where id = 10 returning status`,
  ),
  given(
    'RETURNING of what a rule deletes instead',
    returned('delete'),
    'delete from orders where id = 10 returning status',
  ),
  given(
    'RETURNING of what a rule updates instead, in a common table expression',
    returned('update'),
    `with u as (update orders set status = 'z' where id = 10 returning status) select status from u`,
  ),
  given(
    'RETURNING of what a rule updates instead, prepared',
    returned('update'),
    `prepare p as update orders set status = 'z' where id = 10 returning status`,
    'execute p',
  ),
  given(
    'the plan of a default that is computed while it is planned',
    [PEEK, 'create table t (a int, b text default peek()); grant all on t to app_rw'],
    'explain verbose insert into t (a) values (1)',
  ),
  given(
    'the plan of a rule that is computed while it is planned',
    [
      PEEK,
      'create table t (a int); create rule r as on insert to t do also select peek(); grant all on t to app_rw',
    ],
    'explain verbose insert into t values (1)',
  ),
  given(
    'RETURNING of what a trigger makes in place of a write to a view',
    [
      'create view ov as select id, status from orders; grant all on ov to app_rw',
      `create function spies() returns trigger language plpgsql as $$begin new.status := (select ssn from customers where id = 1); return new; end$$`,
      'create trigger x instead of update on ov for each row execute function spies()',
    ],
    `update ov set status = 'z' where id = 10 returning status`,
  ),
  given(
    'COPY of RETURNING of what a trigger makes',
    [
      'create view ov as select id, status from orders; grant all on ov to app_rw',
      `create function spies() returns trigger language plpgsql as $$begin new.status := (select ssn from customers where id = 1); return new; end$$`,
      'create trigger x instead of update on ov for each row execute function spies()',
    ],
    `copy (update ov set status = 'z' where id = 10 returning status) to stdout`,
  ),
]
