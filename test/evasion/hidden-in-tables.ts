// Code of tables: triggers, rules, defaults, constraints, indexes, partition keys, statistics, policies.
import { copyData, copyDone, query } from '../support/pgwire/frontend.ts'
import type { Change } from './case.ts'
import { hidden } from './hidden.ts'

export const hiddenInTables: readonly Change[] = [
  ...(['insert', 'update', 'delete'] as const).flatMap((event) => {
    const statement = {
      insert: 'insert into t values (2)',
      update: 'update t set a = 2',
      delete: 'delete from t',
    }[event]
    const table = ['create table t (a int); insert into t values (1)']
    return [
      hidden(
        `a trigger before ${event}`,
        [...table, `create trigger x before ${event} on t for each row execute function fires()`],
        statement,
      ),
      hidden(
        `a trigger after ${event}, once`,
        [...table, `create trigger x after ${event} on t execute function fires()`],
        statement,
      ),
      hidden(
        `a deferred trigger after ${event}`,
        [
          ...table,
          `create constraint trigger x after ${event} on t deferrable initially deferred for each row execute function fires()`,
        ],
        `begin; ${statement}; commit`,
      ),
      hidden(
        `a trigger in place of ${event} of a view`,
        [
          ...table,
          'create view t_over as select * from t',
          `create trigger x instead of ${event} on t_over for each row execute function fires()`,
        ],
        statement.replace(' t', ' t_over').replace('into t ', 'into t_over '),
      ),
      hidden(
        `a rule for ${event}`,
        [...table, `create rule x as on ${event} to t do also select purge()`],
        statement,
      ),
      hidden(
        `a rule in place of ${event}`,
        [...table, `create rule x as on ${event} to t do instead select purge()`],
        statement,
      ),
    ]
  }),
  hidden(
    'a trigger with a condition that calls',
    [
      'create table t (a int); insert into t values (1)',
      'create trigger x before update on t for each row when (holds(new.a)) execute function suppress_redundant_updates_trigger()',
    ],
    'update t set a = 2',
  ),
  hidden(
    'a trigger, by COPY',
    ['create table t (a int)', 'create trigger x before insert on t for each row execute function fires()'],
    [query('copy t from stdin'), copyData('1\n'), copyDone()],
  ),
  hidden(
    'a default, by COPY',
    ['create table t (a int, b int default purge())'],
    [query('copy t (a) from stdin'), copyData('1\n'), copyDone()],
  ),
  hidden(
    'a check, by COPY',
    ['create table t (a int check (holds(a)))'],
    [query('copy t from stdin'), copyData('1\n'), copyDone()],
  ),
  hidden(
    'a trigger, by MERGE',
    ['create table t (a int)', 'create trigger x before insert on t for each row execute function fires()'],
    'merge into t using (values (1)) v (a) on t.a = v.a when not matched then insert values (v.a)',
  ),
  hidden(
    'a trigger, by ON CONFLICT',
    [
      'create table t (a int primary key); insert into t values (1)',
      'create trigger x before update on t for each row execute function fires()',
    ],
    'insert into t values (1) on conflict (a) do update set a = 1',
  ),
  hidden(
    'a trigger, by a common table expression',
    ['create table t (a int)', 'create trigger x before insert on t for each row execute function fires()'],
    'with x as (insert into t values (1) returning a) select * from x',
  ),
  hidden(
    'a trigger, by PREPARE',
    ['create table t (a int)', 'create trigger x before insert on t for each row execute function fires()'],
    'prepare p (int) as insert into t values ($1)',
    'execute p (1)',
  ),
  hidden(
    'a trigger, by EXPLAIN ANALYZE',
    ['create table t (a int)', 'create trigger x before insert on t for each row execute function fires()'],
    'explain analyze insert into t values (1)',
  ),
  hidden(
    'a trigger for TRUNCATE',
    ['create table t (a int)', 'create trigger x before truncate on t execute function fires()'],
    'truncate t',
  ),
  hidden(
    'a trigger for TRUNCATE of what refers to it',
    [
      'create table t (a int primary key); create table t_child (a int references t)',
      'create trigger x before truncate on t_child execute function fires()',
    ],
    'truncate t cascade',
  ),
  hidden(
    'a trigger of what a foreign key deletes',
    [
      'create table t (a int primary key); create table t_child (a int references t on delete cascade)',
      'insert into t values (1); insert into t_child values (1)',
      'create trigger x after delete on t_child for each row execute function fires()',
    ],
    'delete from t',
  ),
  hidden(
    'a trigger of what a foreign key updates',
    [
      'create table t (a int primary key); create table t_child (a int references t on update cascade)',
      'insert into t values (1); insert into t_child values (1)',
      'create trigger x after update on t_child for each row execute function fires()',
    ],
    'update t set a = 2',
  ),
  hidden(
    'a trigger of what a foreign key empties',
    [
      'create table t (a int primary key); create table t_child (a int references t on delete set null)',
      'insert into t values (1); insert into t_child values (1)',
      'create trigger x after update on t_child for each row execute function fires()',
    ],
    'delete from t',
  ),
  hidden(
    'a default that a foreign key sets',
    [
      'create table t (a int primary key); insert into t values (1)',
      'create table t_child (a int default purge() references t on delete set default)',
      'insert into t values (2); insert into t_child values (2)',
    ],
    'delete from t where a = 2',
  ),
  hidden(
    'a trigger of the partition of what a foreign key deletes',
    [
      'create table t (a int primary key); create table t_child (a int references t on delete cascade) partition by list (a); create table t_part partition of t_child default',
      'insert into t values (1); insert into t_child values (1)',
      'create trigger x after delete on t_part for each row execute function fires()',
    ],
    'delete from t',
  ),
  hidden(
    'a trigger of a partition',
    [
      'create table t (a int) partition by list (a); create table t_part partition of t default',
      'create trigger x before insert on t_part for each row execute function fires()',
    ],
    'insert into t values (1)',
  ),
  hidden(
    'a trigger of the partition that a row moves to',
    [
      'create table t (a int) partition by list (a); create table t_1 partition of t for values in (1); create table t_2 partition of t for values in (2); insert into t values (1)',
      'create trigger x before insert on t_2 for each row execute function fires()',
    ],
    'update t set a = 2',
  ),
  hidden(
    'a trigger of a child',
    [
      'create table t (a int); create table t_child () inherits (t); insert into t_child values (1)',
      'create trigger x before delete on t_child for each row execute function fires()',
    ],
    'delete from t',
  ),
  hidden(
    'the key of a partitioned table',
    ['create table t (a int) partition by list (pure(a)); create table t_part partition of t default'],
    'insert into t values (1)',
  ),
  hidden(
    'the key of a partition that is attached',
    [
      'create table t (a int) partition by list (pure(a)); create table t_part (a int); insert into t_part values (1)',
    ],
    'alter table t attach partition t_part for values in (1)',
  ),
  hidden(
    'the key of a new partition beside a default one',
    [
      'create table t (a int) partition by list (pure(a)); create table t_rest partition of t default',
      'insert into t values (2)',
      `insert into customers (id, name) values (50, 'x'); insert into orders values (50, 50, 1, 'x', '2026-01-01')`,
    ],
    'create table t_part partition of t for values in (7)',
  ),
  hidden(
    'the expression of a statistics object',
    [
      'create table t (a int); insert into t select generate_series(1, 400)',
      'create statistics x on (pure(a)) from t',
    ],
    'analyze t',
  ),
  hidden('an index', ['create table t (a int); create index on t (pure(a))'], 'insert into t values (1)'),
  hidden(
    'an index’s condition',
    ['create table t (a int); create index on t (a) where holds(a)'],
    'insert into t values (1)',
  ),
  ...[
    'reindex table t',
    'reindex index t_x',
    'vacuum full t',
    'cluster t using t_a',
    'analyze t',
    'alter table t alter a type int using a + 0',
  ].map((sql) =>
    hidden(
      `an index, by ${sql}`,
      [
        'create table t (a int); insert into t values (1)',
        `create index t_a on t (a)`,
        `create index t_x on t (pure(a))`,
        `insert into customers (id, name) values (50, 'x'); insert into orders values (50, 50, 1, 'x', '2026-01-01')`,
      ],
      sql,
    ),
  ),
  hidden(
    'a generated column',
    ['create table t (a int, b int generated always as (pure(a)) stored)'],
    'insert into t (a) values (1)',
  ),
  hidden('a check', ['create table t (a int check (holds(a)))'], 'insert into t values (1)'),
  hidden(
    'a check that is made valid',
    [
      'create table t (a int); insert into t values (1); alter table t add constraint c check (holds(a)) not valid',
    ],
    'alter table t validate constraint c',
  ),
  hidden(
    'a check of a table made like it',
    ['create table t (a int check (holds(a)))'],
    'create table t_like (like t including all)',
    'insert into t_like values (1)',
  ),
  hidden(
    'a default of a table made like it',
    ['create table t (a int default purge())'],
    'create table t_like (like t including defaults)',
    'insert into t_like default values',
  ),
  hidden(
    'a check of a parent',
    ['create table t (a int check (holds(a)))'],
    'create table t_child () inherits (t)',
    'insert into t_child values (1)',
  ),
  hidden(
    'a policy',
    [
      'create table t (a int); insert into t values (1); create policy p on t using (holds(a)); alter table t enable row level security; alter table t force row level security',
    ],
    'select * from t',
  ),
  hidden(
    'a policy for new rows',
    [
      'create table t (a int); create policy p on t for insert with check (holds(a)); alter table t enable row level security; alter table t force row level security',
    ],
    'insert into t values (1)',
  ),
  hidden(
    'a policy, by a view',
    [
      'create table t (a int); insert into t values (1); create policy p on t using (holds(a)); alter table t enable row level security; alter table t force row level security; create view t_v with (security_invoker) as select * from t',
    ],
    'select * from t_v',
  ),
  hidden(
    'a default that is computed while INSERT is planned',
    ['create table t (a int default pure(1))'],
    'explain insert into t default values',
  ),
  hidden(
    'a default that is computed while UPDATE is planned',
    ['create table t (a int); insert into t values (1); alter table t alter a set default pure(1)'],
    'explain update t set a = default',
  ),
  hidden(
    'a default that is computed while MERGE is planned',
    ['create table t (a int default pure(1), b int)'],
    'explain merge into t using (values (1)) v (b) on t.b = v.b when not matched then insert (b) values (v.b)',
  ),
  hidden(
    'a rule that is computed while INSERT is planned',
    ['create table t (a int); create rule x as on insert to t do also select pure(1)'],
    'explain insert into t values (1)',
  ),
  hidden(
    'a rule that is computed while DELETE is planned',
    ['create table t (a int); create rule x as on delete to t do instead select pure(1)'],
    'explain delete from t',
  ),
]
