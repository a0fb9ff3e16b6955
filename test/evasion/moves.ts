// Ways to bring a row into a partition that nobody may insert into, or out of one that nobody may delete from, for somebody
// who may read and update everything by the parent, and insert elsewhere.
import { bind, execute, parse, sync } from '../support/pgwire/frontend.ts'
import type { Change } from './case.ts'

/** `e_in` takes none by insert, `e_out` loses none by delete. */
export const PARTITIONS = `
  create table e (id int, at int, region text, note text) partition by range (at);
  create table e_free partition of e for values from (0) to (10);
  create table e_in partition of e for values from (10) to (20);
  create table e_out partition of e for values from (20) to (30);
  insert into e values (1, 1, 'eu', 'a'), (2, 11, 'eu', 'b'), (3, 21, 'us', 'c');`

const EMPTY = 'drop table e_free, e_in, e_out'

export const moves: readonly Change[] = [
  { name: 'an update of the key, in', steps: ['update e set at = 12 where id = 1'] },
  { name: 'an update of the key, out', steps: ['update e set at = 2 where id = 3'] },
  { name: 'among others', steps: [`update e set note = 'x', at = at + 10 where id = 1`] },
  { name: 'as a row', steps: [`update e set (note, at) = row ('x', 12) where id = 1`] },
  { name: 'of a subquery', steps: [`update e set (note, at) = (select 'x', 12) where id = 1`] },
  {
    name: 'to the default',
    given: ['alter table e alter at set default 12'],
    steps: ['update e set at = default where id = 1'],
  },
  { name: 'under an alias', steps: ['update e as x set at = 12 from (values (1)) v (n) where x.id = v.n'] },
  {
    name: 'in a common table expression',
    steps: ['with m as (update e set at = 12 where id = 1 returning id) select * from m'],
  },
  { name: 'prepared', steps: ['prepare p as update e set at = $1 where id = 1', 'execute p (12)'] },
  {
    name: 'with parameters',
    steps: [
      [parse({ sql: 'update e set at = $1::int where id = 1' }), bind({ values: ['12'] }), execute(), sync()],
    ],
  },
  { name: 'by EXPLAIN ANALYZE', steps: ['explain analyze update e set at = 12 where id = 1'] },
  {
    name: 'by MERGE',
    steps: ['merge into e using (values (1)) v (n) on e.id = v.n when matched then update set at = 12'],
  },
  { name: 'by COPY', steps: ['copy (update e set at = 12 where id = 1 returning id) to stdout'] },
  {
    name: 'by a view with other names',
    given: [
      'create view v as select id, at as moment from e; alter view v owner to app_rw; alter table e owner to app_rw',
    ],
    steps: ['update v set moment = 12 where id = 1'],
  },
  {
    name: 'by a rule',
    given: [
      'create table r (a int); insert into r values (1); alter table r owner to app_rw; create rule u as on update to r do also update e set at = new.a where id = 1',
    ],
    steps: ['update r set a = 12'],
  },
  {
    name: 'by the key of a partition that has partitions',
    given: [
      `${EMPTY}; create table years (id int, at int, region text) partition by range (at);
       create table year partition of years default partition by list (region);
       create table e_free partition of year for values in ('eu'); create table e_in partition of year for values in ('us');
       create table e_out partition of year default; insert into years values (1, 1, 'eu');
       alter table years owner to app_rw`,
    ],
    steps: [`update years set region = 'us' where id = 1`],
  },
  {
    name: 'by a column in an expression of the key',
    given: [
      `${EMPTY}; create table areas (id int, region text) partition by list (lower(region));
       create table e_free partition of areas for values in ('eu'); create table e_in partition of areas for values in ('us');
       create table e_out partition of areas default; insert into areas values (1, 'eu'); alter table areas owner to app_rw`,
    ],
    steps: [`update areas set region = 'US' where id = 1`],
  },
  {
    name: 'by a foreign key',
    given: [
      'create table k (at int primary key); insert into k select n from generate_series(0, 29) n; alter table k owner to app_rw; delete from k where at = 12; alter table e add foreign key (at) references k on update cascade',
    ],
    steps: ['update k set at = 12 where at = 1'],
  },
]

/** What such rules leave alone. */
export const still: readonly Change[] = [
  { name: 'an update of another column', steps: [`update e set note = 'x'`] },
  {
    name: 'MERGE of another column',
    steps: [`merge into e using (values (1)) v (n) on e.id = v.n when matched then update set note = 'x'`],
  },
  { name: 'an update of the partition itself', steps: ['update e_free set at = 2'] },
  {
    name: 'INSERT … ON CONFLICT DO UPDATE, which moves nothing',
    given: [
      'create unique index on e (id, at); create table f (id int, at int) partition by range (at); create table f_1 partition of f default; create unique index on f (id, at); alter table f owner to app_rw; insert into f values (1, 1)',
    ],
    steps: ['insert into f (id, at) values (1, 1) on conflict (id, at) do update set at = excluded.at'],
  },
  {
    name: 'what a foreign key does to other columns',
    given: [
      'create table ids (id int primary key); insert into ids values (1), (2), (3); alter table ids owner to app_rw; alter table e add foreign key (id) references ids on update cascade',
    ],
    steps: ['update ids set id = 3 where id = 3'],
  },
  {
    name: 'a row that moves where delete is denied on the parent by its name',
    given: [
      'create table g (at int) partition by list (at); create table g_1 partition of g for values in (1); create table g_2 partition of g default; insert into g values (1); alter table g owner to app_rw',
    ],
    steps: ['update g set at = 2'],
  },
  { name: 'EXPLAIN alone', steps: ['explain update e set at = 12'] },
]
