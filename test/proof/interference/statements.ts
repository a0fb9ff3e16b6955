// Random programs of SQL: what somebody sends who means to find out what stands in columns that are masked to him.
import type { Random } from '../fuzz/mutate.ts'
import type { Callable, Known } from './catalog.ts'
import {
  type Column,
  callOf,
  concrete,
  createExpressions,
  type Expressions,
  literal,
  pick,
} from './expressions.ts'
import { RELATIONS, WRITABLE } from './worlds.ts'

/** Where masked columns may stand in a statement. */
interface Heat {
  readonly output: boolean
  readonly elsewhere: boolean
}

interface From {
  readonly sql: string
  readonly columns: readonly Column[]
}

export interface Statements {
  /** the statements of one program, which stand in a transaction that is rolled back */
  program(): readonly string[]
}

/** Whatever a change leaves behind that anybody may look at. */
const WITNESSES = [
  'select * from plain order by id',
  'select * from log',
  'select id, grp, name, note, amount from people order by id',
  'select id, grp, name, note, amount, tableoid::regclass from boss order by id',
  'select count(*) from parts_1',
  'select * from fresh',
  'select id, word from kept order by id',
  'select last_value, is_called from ticks',
  `select relname, reltuples from pg_class where relnamespace = 'public'::regnamespace order by relname`,
  `select conname, contype from pg_constraint where connamespace = 'public'::regnamespace order by conname`,
  `select attrelid::regclass, attname, attnotnull, atthasmissing, attmissingval from pg_attribute where attnum > 0 and attrelid::regclass::text in ('people', 'plain', 'fresh') order by 1, attnum`,
  `select tablename, attname, null_frac, avg_width, n_distinct, correlation from pg_stats where schemaname = 'public' order by 1, 2`,
  'select name, statement from pg_cursors',
  'select name, parameter_types from pg_prepared_statements',
  `select mode, locktype, relation::regclass, granted from pg_locks where pid = pg_backend_pid() and relation::regclass::text in ('people', 'plain') order by 1, 2, 3`,
  `show work_mem`,
]

export function createStatements(known: Known, next: Random): Statements {
  const expressions: Expressions = createExpressions(known, next)
  const aggregates = known.callables.filter(({ kind }) => kind === 'aggregate' || kind === 'window')
  const sets = known.callables.filter(({ set, kind }) => set && kind === 'function')
  const one = (n: number) => next(n) === 0

  const heat = (): Heat => (one(4) ? { output: true, elsewhere: true } : { output: true, elsewhere: false })

  function table(alias: string): From {
    const [name, columns] = pick([...RELATIONS], next)
    const only = one(12) ? 'only ' : ''
    const sample = one(25) && name === 'people' ? ' tablesample system (100)' : ''
    return {
      sql: `${only}${name} ${alias}${sample}`,
      columns: columns.map((column) => ({ ...column, sql: `${alias}.${column.name}` })),
    }
  }

  const values = (types: readonly string[]) => types.map((type) => literal(type, next)).join(', ')

  function derived(alias: string, hot: Heat, depth: number): From {
    const { sql, types } = select(hot, depth - 1)
    const names = types.map((_, n) => `c${n}`)
    const columns = types.map((type, n) => ({ sql: `${alias}.c${n}`, type, masked: true }))
    return { sql: `(${sql}) ${alias} (${names.join(', ')})`, columns }
  }

  function called(alias: string, before: readonly Column[], hot: boolean): From {
    const set = pick(sets, next)
    const call = filled(set, before, hot)
    return {
      sql: call === undefined ? `generate_series(1, 2) ${alias} (c0)` : `${call} ${alias} (c0)`,
      columns: [],
    }
  }

  function filled(callable: Callable, columns: readonly Column[], hot: boolean): string | undefined {
    const element = expressions.typeOf(columns)
    const types = callable.arguments.map((type) => concrete(type, element))
    if (types.includes(undefined)) return undefined
    return callOf(
      callable,
      types.map((type) => expressions.of(type ?? 'text', columns, hot, 1)),
      next,
    )
  }

  function from(hot: Heat, depth: number): From {
    const first = depth > 0 && one(5) ? derived('a', hot, depth) : table('a')
    if (!one(3)) return first
    const second =
      depth > 0 && one(4)
        ? derived('b', hot, depth)
        : one(6)
          ? called('b', first.columns, hot.elsewhere)
          : table('b')
    const columns = [...first.columns, ...second.columns]
    const kind = pick(
      ['join', 'left join', 'right join', 'full join', ', lateral', 'cross join', 'natural join'],
      next,
    )
    if (kind === ', lateral' || kind === 'cross join' || kind === 'natural join')
      return { sql: `${first.sql} ${kind === ', lateral' ? ',' : kind} ${second.sql}`, columns }
    const on = one(2) ? 'true' : expressions.of('bool', columns, hot.elsewhere)
    return { sql: `${first.sql} ${kind} ${second.sql} on ${on}`, columns }
  }

  /** @param types those of the columns that it has to give */
  function select(
    hot: Heat,
    depth: number,
    types?: readonly string[],
  ): { readonly sql: string; readonly types: readonly string[] } {
    const { sql, columns } = from(hot, depth)
    const wanted = types ?? Array.from({ length: 1 + next(3) }, () => expressions.typeOf(columns))
    const targets = wanted.map((type) => target(type, columns, hot, types !== undefined))
    const key = expressions.of(pick(['int4', 'text'], next), columns, hot.elsewhere, 1)
    const clauses = [
      one(2) ? `where ${expressions.of('bool', columns, hot.elsewhere)}` : '',
      one(10) ? `group by ${pick([key, '1', `grouping sets ((${key}), ())`], next)}` : '',
      one(3) ? `order by ${pick(['1', key, `${key} desc nulls last`], next)}` : '',
      one(4) ? `limit ${hot.elsewhere && one(3) ? `(select ${key} from people a limit 1)` : next(4)}` : '',
      one(20) ? pick(['for update', 'for share of a', 'for update skip locked'], next) : '',
    ]
    const distinct = one(15) ? pick(['distinct ', `distinct on (${key}) `], next) : ''
    const plain = `select ${distinct}${targets.join(', ')} from ${sql} ${clauses.filter(Boolean).join(' ')}`
    if (depth <= 0 || !one(10)) return { sql: plain, types: wanted }
    const other = select(hot, 0, wanted).sql
    return {
      sql: `(${plain}) ${pick(['union all', 'union', 'except', 'intersect'], next)} (${other})`,
      types: wanted,
    }
  }

  function target(type: string, columns: readonly Column[], hot: Heat, strict: boolean): string {
    if (!strict && one(12))
      return pick(['*', 'a', 'a.*', 'a::text', 'count(*)', 'row(a.*)', 'to_jsonb(a)'], next)
    if (!strict && hot.elsewhere && one(3)) return filled(pick(aggregates, next), columns, true) ?? '1'
    if (!strict && one(10)) return filled(pick(sets, next), columns, hot.elsewhere) ?? '1'
    return expressions.of(type, columns, hot.output)
  }

  function returning(columns: readonly Column[], hot: Heat): string {
    if (one(3)) return ''
    const shown = columns.map((column) => ({
      ...column,
      sql: `${pick(['old.', 'new.', ''], next)}${column.sql}`,
    }))
    const targets = Array.from({ length: 1 + next(2) }, () =>
      target(expressions.typeOf(shown), shown, hot, false),
    )
    return ` returning ${targets.join(', ').replaceAll(/\ba\./g, 'old.')}`
  }

  /** Of a relation without an alias. */
  function writable(): { readonly name: string; readonly columns: readonly Column[] } {
    const name = pick(WRITABLE, next)
    return { name, columns: (RELATIONS.get(name) ?? []).map((column) => ({ ...column, sql: column.name })) }
  }

  function assigned(columns: readonly Column[], hot: Heat): string {
    const column = pick(
      columns.filter(({ sql }) => !sql.startsWith('g_') && sql !== 'id'),
      next,
    )
    const value = one(2) ? literal(column.type, next) : expressions.of(column.type, columns, hot.elsewhere)
    return `${column.sql} = ${value}`
  }

  const CHANGES: readonly ((hot: Heat) => string)[] = [
    (hot) => {
      const { name, columns } = writable()
      const set = Array.from({ length: 1 + next(2) }, () => assigned(columns, hot))
      const where = one(3) ? '' : ` where ${expressions.of('bool', columns, hot.elsewhere)}`
      return `update ${name} set ${set.join(', ')}${where}${returning(columns, hot)}`
    },
    (hot) => {
      const { name, columns } = writable()
      return `delete from ${name} where ${expressions.of('bool', columns, hot.elsewhere)}${returning(columns, hot)}`
    },
    (hot) => {
      const { name, columns } = writable()
      const some = columns.filter(({ sql }) => sql === 'id' || (!sql.startsWith('g_') && one(4)))
      const source = one(2)
        ? `values (${[
            String(90 + next(9)),
            ...values(some.slice(1).map(({ type }) => type))
              .split(', ')
              .filter(Boolean),
          ].join(', ')})`
        : select(
            hot,
            1,
            some.map(({ type }) => type),
          ).sql
      const conflict = one(4)
        ? ` on conflict ${pick(['do nothing', `(id) do update set ${assigned(columns, hot)}`], next)}`
        : ''
      return `insert into ${name} (${some.map(({ sql }) => sql).join(', ')}) ${source}${conflict}${returning(columns, hot)}`
    },
    (hot) => {
      const { name, columns } = writable()
      const aliased = columns.map((column) => ({ ...column, sql: `a.${column.sql}` }))
      const on = one(2) ? 'a.id = v.x' : expressions.of('bool', aliased, hot.elsewhere)
      const when = one(2) ? '' : ` and ${expressions.of('bool', aliased, hot.elsewhere)}`
      const what = pick([`update set ${assigned(columns, hot)}`, 'delete', 'do nothing'], next)
      const shown = one(2)
        ? ` returning merge_action(), ${target(expressions.typeOf(aliased), aliased, hot, false)}`
        : ''
      return `merge into ${name} a using (values (1), (2), (77)) v (x) on ${on} when matched${when} then ${what} when not matched then insert (id) values (v.x)${shown}`
    },
  ]

  const query = (hot: Heat) => select(hot, 2).sql
  const change = (hot: Heat) => pick(CHANGES, next)(hot)

  const STATEMENTS: readonly ((hot: Heat) => readonly string[])[] = [
    ...Array.from({ length: 9 }, () => (hot: Heat) => [query(hot)]),
    ...Array.from({ length: 5 }, () => (hot: Heat) => [change(hot)]),
    (hot) => [
      `explain ${pick(['', '(costs off) ', '(analyze, timing off, summary off, buffers off) ', '(verbose, format json) '], next)}${one(3) ? change(hot) : query(hot)}`,
    ],
    (hot) => [`copy (${query(hot)}) to stdout`],
    (hot) => [
      `declare c ${pick(['', 'scroll ', 'binary '], next)}cursor for ${query(hot)}`,
      `fetch ${pick(['all', '2', 'last'], next)} from c`,
      'move 1 in c',
      'close c',
    ],
    (hot) => [`prepare p as ${query(hot)}`, 'execute p', 'execute p', 'deallocate p'],
    (hot) => [`create table fresh as ${query(hot)}`],
    (hot) => [`create ${pick(['view', 'temp view', 'materialized view'], next)} fresh as ${query(hot)}`],
    (hot) => [`with x as (${query(hot)}) select * from x`],
    (hot) => [`with x as (${change(hot)}) select count(*) from x`],
    (hot) => {
      const { name, columns } = writable()
      const type = expressions.typeOf(columns)
      const value = expressions.of(type, columns, one(2))
      const condition = expressions.of('bool', columns, hot.elsewhere)
      return [
        pick(
          [
            `create index on ${name} ((${value}))`,
            `create index on ${name} (id) where ${condition}`,
            `create unique index on ${name} ((${value}))`,
            `alter table ${name} add check (${condition})`,
            `alter table ${name} add column fresh text generated always as (${value}) virtual`,
            `alter table ${name} alter ${pick(columns, next).sql} type text using ${value}`,
            `alter table ${name} alter ${pick(columns, next).sql} set not null`,
            `alter table ${name} add column fresh int default 1`,
            `create policy fresh on ${name} using (${condition})`,
            `create rule fresh as on update to ${name} where ${condition} do also notify fresh`,
            `alter table plain add foreign key (note) references ${name} (${pick(columns, next).sql})`,
            `create table fresh (like ${name} including all)`,
            `create statistics fresh on id, (${value}) from ${name}`,
          ],
          next,
        ),
      ]
    },
    () => [
      pick(
        [
          'analyze',
          'analyze verbose people',
          'cluster people using people_pkey',
          'reindex (verbose) table people',
          'refresh materialized view kept',
          'truncate people',
          'lock table people',
        ],
        next,
      ),
    ],
    (hot) => ['listen fresh', `select pg_notify('fresh', (${select(hot, 0, ['text']).sql} limit 1))`],
    (hot) => [
      `select set_config(${pick(["'work_mem'", "'my.value'", "'application_name'"], next)}, ${expressions.of('text', [], false)} || (${select(hot, 0, ['text']).sql} limit 1), true)`,
    ],
    (hot) => [`select nextval('ticks'), ${expressions.of('text', [], false)} from (${query(hot)}) x`],
    (hot) => ['savepoint s', change(hot), 'rollback to s', change(hot)],
  ]

  return {
    program() {
      const count = 1 + next(2)
      const body = Array.from({ length: count }, () => pick(STATEMENTS, next)(heat())).flat()
      const witnesses = one(2) ? [pick(WITNESSES, next), pick(WITNESSES, next)] : []
      return [...(one(15) ? ['analyze'] : []), ...body, ...witnesses]
    },
  }
}
