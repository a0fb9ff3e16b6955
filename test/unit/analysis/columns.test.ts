// Which columns a statement mentions, of which relations, and what for.
import { beforeAll, describe, expect, test } from 'vitest'
import { loadParser } from '../../../src/analysis/postgres/analyze.ts'
import type { ColumnMention, ColumnUse } from '../../../src/core/facts.ts'
import { costOf } from '../../support/cost.ts'
import { statementOf } from './case.ts'
import { columnCases } from './cases/columns.ts'

beforeAll(loadParser)

function mentionText({ column, relation, uses }: ColumnMention): string {
  const path = [relation?.schema, relation?.name ?? '?', column].filter((part) => part !== undefined)
  return `${path.join('.')} ${uses.join('+') || '-'}`
}

describe('mentions', () => {
  test.each(columnCases)('%s', (sql, expected) => {
    expect(statementOf(sql).columns.map(mentionText).sort().join(', ')).toBe(expected)
  })
})

/** Ways to let a column decide on something, and the use that must show for it, or for any column of its relation. */
const PROBES: readonly (readonly [sql: string, use: ColumnUse])[] = [
  ['select 1 from c where ssn > $1', 'predicate'],
  ['select 1 from c x where x.ssn > $1', 'predicate'],
  ['select 1 from c where (c).ssn > $1', 'predicate'],
  ['select 1 from c as x (a, b) where b > $1', 'predicate'],
  [`select 1 from c where c::text like '%5'`, 'predicate'],
  [`select 1 from c x where x.row_to_json::text like '%5'`, 'predicate'],
  ['select 1 from c join o on o.id = ssn', 'predicate'],
  ['select 1 from c join o using (ssn)', 'predicate'],
  ['select 1 from c natural join o', 'predicate'],
  ['select 1 from (c join o using (id)) as j where j.ssn > $1', 'predicate'],
  ['select 1 from (c join o using (id)) as j (a, b) where b > $1', 'predicate'],
  ['select 1 from c join o using (ssn) as u where u.ssn > $1', 'predicate'],
  ['select 1 from (select ssn as x from c) s where x > $1', 'predicate'],
  ['select 1 from (select * from c) s where s.ssn > $1', 'predicate'],
  ['select 1 from (select * from c) s (a, b) where b > $1', 'predicate'],
  ['select 1 from (select ssn > $1 as g from c) s where g', 'predicate'],
  ['select 1 from (select upper(ssn) from c) s where upper > $1', 'predicate'],
  ['select 1 from (select coalesce(ssn, $2) from c) s where coalesce > $1', 'predicate'],
  ['with s as (select ssn x from c) select 1 from s where x > $1', 'predicate'],
  ['with s (y) as (select ssn x from c) select 1 from s where y > $1', 'predicate'],
  ['with s as (table c) select 1 from s where ssn > $1', 'predicate'],
  [
    'with recursive s as (select ssn x from c union all select x from s) select 1 from s where x > $1',
    'predicate',
  ],
  [
    'with recursive a as (select y from b), b (y) as (select ssn from c) select 1 from a where y > $1',
    'predicate',
  ],
  ['with u as (update c set a = 1 returning ssn as x) select 1 from u where x > $1', 'predicate'],
  ['select 1 where (select ssn from c) > $1', 'predicate'],
  ['select 1 where $1 in (select ssn from c)', 'predicate'],
  ['select 1 where $1 = any (select ssn from c)', 'predicate'],
  ['select 1 from c where ssn in ($1, $2)', 'predicate'],
  ['select exists (select 1 from c where ssn > $1)', 'predicate'],
  ['select 1 from o where exists (select 1 from c where ssn = o.x)', 'predicate'],
  ['select 1 from c where exists (select 1 from (select c.ssn as q) c2, o c where q > $1)', 'predicate'],
  ['select case when ssn > $1 then 1 else 0 end from c', 'predicate'],
  ['select case ssn when $1 then 1 end from c', 'predicate'],
  ['select ssn > $1 and 1 / 0 > 1 from c', 'predicate'],
  ['select coalesce(ssn, (1 / 0)::text) from c', 'predicate'],
  ['select count(*) filter (where ssn > $1) from c', 'predicate'],
  ['select 1 from c group by id having max(ssn) > $1', 'predicate'],
  ['select 1 from o limit (select length(ssn) from c limit 1)', 'predicate'],
  ['select 1 from o offset (select length(ssn) from c limit 1)', 'predicate'],
  ['select 1 from c, generate_series(1, length(ssn))', 'predicate'],
  ['select 1 from c, lateral unnest(string_to_array(c.ssn, $1)) u', 'predicate'],
  ['select 1 from c, lateral (select 1 where c.ssn > $1) l', 'predicate'],
  [`select 1 from c, xmltable('/a' passing (ssn::xml) columns x int path 'x') t`, 'predicate'],
  ['select sum(1) over (order by id rows between length(ssn) preceding and current row) from c', 'predicate'],
  ['select 1 from c order by ssn', 'sort'],
  ['select ssn from c order by 1', 'sort'],
  ['select ssn as x from c order by x', 'sort'],
  ['select * from c order by 2', 'sort'],
  ['select name, c.* from c order by 3', 'sort'],
  ['select * from c union all select * from c order by 2', 'sort'],
  ['cluster c using c_ssn', 'sort'],
  ['select id from c union all select ssn from c order by id', 'sort'],
  [`select string_agg(name, ',' order by ssn) from c`, 'sort'],
  ['select percentile_disc(0.5) within group (order by ssn) from c', 'sort'],
  ['select row_number() over (order by ssn) from c', 'sort'],
  ['select row_number() over w from c window w as (order by ssn)', 'sort'],
  ['select rank() over (partition by ssn) from c', 'group'],
  ['select count(*) from c group by ssn', 'group'],
  ['select left(ssn, 1) x, count(*) from c group by x', 'group'],
  ['select ssn, count(*) from c group by 1', 'group'],
  ['select count(*) from c group by rollup (id, ssn)', 'group'],
  ['select count(*) from c group by grouping sets ((id), (ssn, id))', 'group'],
  ['select ssn, 2 from c group by (1, 2)', 'group'],
  ['select ssn, 2 from c group by rollup ((1, 2))', 'group'],
  ['select distinct ssn from c', 'group'],
  ['select distinct * from c', 'group'],
  ['select distinct on (ssn) id from c', 'group'],
  ['select count(distinct ssn) from c', 'group'],
  ['select max(ssn) from c', 'aggregate'],
  ['select count(ssn) from c', 'aggregate'],
  ['select count(c) from c', 'aggregate'],
  ['select first_value(ssn) over (order by id) from c', 'aggregate'],
  ['select ssn from c union select $1', 'compare'],
  ['select ssn from c intersect all select $1', 'compare'],
  ['select $1 except table c', 'compare'],
  ['(select id from o union all select ssn from c) except select $1', 'compare'],
  ['select 1 / (length(ssn) - 11) from c', 'fallible'],
  ['select ssn::int from c', 'fallible'],
  ['select (select ssn from c)::int', 'fallible'],
  ['select pg_sleep(ssn::int) from c', 'fallible'],
  ['select generate_series(1, length(ssn)) from c', 'fallible'],
  ['select ssn ~ $1 from c', 'fallible'],
  ['select xmlelement(name a, ssn) from c', 'fallible'],
  ['update c set a = 1 where ssn > $1', 'predicate'],
  ['update o set a = 1 from c where ssn > $1', 'predicate'],
  ['delete from c where ssn > $1', 'predicate'],
  ['delete from o using c where ssn = o.x', 'predicate'],
  ['insert into c (ssn) values ($1) on conflict do nothing', 'predicate'],
  ['insert into c (ssn) values ($1) on conflict (ssn) do nothing', 'predicate'],
  ['insert into c (ssn) values ($1) on conflict (lower(ssn)) do nothing', 'predicate'],
  ['insert into c values ($1) on conflict on constraint k do nothing', 'predicate'],
  ['insert into c (id) values (1) on conflict (id) do update set a = 1 where c.ssn > $1', 'predicate'],
  ['merge into c using o on c.ssn = o.x when matched then delete', 'predicate'],
  ['merge into c using o on c.id = o.id when matched and ssn > $1 then delete', 'predicate'],
  ['merge into o using c on c.id = o.id when not matched and c.ssn > $1 then insert values (1)', 'predicate'],
  ['copy c from stdin where ssn > $$1$$', 'predicate'],
  ['select 1 from c as c (id, "system_user") where system_user > $1', 'predicate'],
  ['explain select 1 from c where ssn > $1', 'predicate'],
  ['prepare p as select 1 from c where ssn > $1', 'predicate'],
  ['declare p cursor for select 1 from c order by ssn', 'sort'],
  ['create index on c (ssn)', 'predicate'],
  ['create index on c (id) where ssn > $$1$$', 'predicate'],
  ['select (ssn, 1) = ($1, 1 / 0) from c', 'predicate'],
  ['select (ssn, 1) is distinct from ($1, id) from c', 'predicate'],
  ['select $1 between ssn and (1 / 0)::text from c', 'predicate'],
  ['select $1 not in (ssn, (1 / 0)::text) from c', 'predicate'],
  ['select coalesce(ssn, s.x) from c, (select x from o) s', 'predicate'],
  ['with s as (select x from o) select coalesce(ssn, x) from c, s', 'predicate'],
  ['select coalesce(ssn, o) from c, o', 'predicate'],
  ['select coalesce(ssn, o.x) from c, o', 'guarding'],
  ['select ssn in ($1, x) from c, o', 'guarding'],
  ['select (nullif(ssn, $1))[id] from c', 'predicate'],
  ['select (to_jsonb(ssn))[1:$1] from c', 'predicate'],
  ['select (array[1])[ssn] from c', 'predicate'],
  ['select ssn[$1] from c', 'guarding'],
  ['select lower(ssn || $1) from c', 'collated'],
  ['select nullif(ssn, $$1$$) < o.x from c, o', 'collated'],
  ['select upper(x) from (select nullif(ssn, $$1$$) as x from c) s', 'collated'],
  ['select initcap(nullif(ssn, $$1$$) || t.a) from c, (select $$a$$ collate "C" as a) t', 'fallible'],
  ['select greatest(nullif(ssn, $$1$$), a) from c, f() as t (a text collate "C")', 'fallible'],
  ['select x = $1 from (select ssn from c) x', 'fallible'],
  ['select r = $1 from (select row(ssn) as r from c) x', 'fallible'],
  ['select greatest(c, $1) from c', 'fallible'],
  ['select ssn = $1 from c', 'shaped'],
  ['select ssn = $1 from c', 'converted'],
  ['select ssn from c union all select oid from k', 'converted'],
  ['with a as (select ssn from c) select ssn from a union all select oid from k', 'converted'],
  ['select ssn from c union all select * from (values ($1)) v', 'converted'],
  ['select nullif(ssn, $$1$$) = id from c', 'recast'],
  ['select coalesce(ssn, $$1$$) || id from c', 'recast'],
  ['select upper(ssn) = id from c', 'recast'],
  ['select coalesce(ascii(ssn), 5000000000) = id from c', 'fallible'],
  ['select coalesce(ascii(ssn), 5000000000) = tableoid from c', 'fallible'],
  ['select case when id = 1 then (select ssn from c) else $1 end', 'fallible'],
  ['select coalesce(ascii(ssn), id, $1) from c', 'predicate'],
  ['select coalesce(nullif(ssn, $$1$$), $1) from c', 'recast'],
  ['select ssn between $1 and $2 from c', 'recast'],
]

describe('a column that decides on something shows it in', () => {
  test.each(PROBES)('%s', (sql, use) => {
    const found = statementOf(sql).columns.filter(
      ({ column, relation }) =>
        (column === 'ssn' || column === '*') && (relation === undefined || relation.name === 'c'),
    )
    expect(found.flatMap(({ uses }) => uses)).toContain(use)
  })
})

/** Of a text none of these can fail to become a value of another type, and of other columns only their own type says so. */
const BESIDE: readonly string[] = [
  'select coalesce(lower(ssn), name) from c',
  'select coalesce(nullif(trim(ssn), $$$$), name) from c',
  "select coalesce(ssn, '') || ' ' || coalesce(name, '') from c",
  "select x.ssn || ' ' || x.name from (select ssn, name from c) x",
  'select lower(ssn) = lower(name), ssn = name, length(ssn) > length(name) from c',
  'with a as (select ssn from c), b as (select name from c) select ssn from a union all select name from b',
  'select * from c union all select * from c',
  'select case when true then ssn else upper(name) end from c',
  'select ssn in (name, $1), ssn between $$a$$ and name, coalesce(ssn, $1) from c',
  'select coalesce(ascii(ssn), 5000000000) from c',
]

describe('a column beside others is no computation that may fail in', () => {
  test.each(BESIDE)('%s', (sql) => {
    const uses = statementOf(sql).columns.flatMap((column) => column.uses)
    expect(uses.filter((use) => use === 'fallible' || use === 'predicate')).toEqual([])
  })
})

/** ORDER BY a name that is another column's, beside a computed output whose name PostgreSQL makes up. */
const ORDERED: readonly (readonly [sql: string, sorts: boolean])[] = [
  ['select ssn || $1 from c order by id', false],
  ['select ssn || $1 from c where id < $2 order by id limit $3', false],
  ['select ssn is null, not ssn, ssn || $1 from c order by id', false],
  ['select (ssn || $1)::text from c order by id', false],
  ['select case when true then ssn else null end from c order by id', false],
  ['select coalesce(ssn, $1) from c order by id', false],
  ['select ssn || $1 as id from c order by id', true],
  ['select ssn || $1 from c order by "?column?"', true],
  ['select (ssn || $1)::text from c order by text', true],
  ['select (ssn || $1)::text collate "C" from c order by text', true],
  ['select coalesce(ssn, $1) from c order by coalesce', true],
  ['select nullif(ssn, $1) from c order by nullif', true],
  ['select case id when 1 then ssn end from c order by "case"', true],
  ['select case id when 1 then name else ssn end from c order by ssn', true],
  ['select ssn::text from c order by ssn', true],
  // its name is not known: any may mean it
  ['select (select ssn) from c order by id', true],
  ['select x."?column?" from (select ssn || $1 from c) x order by 1', true],
]

describe('a computed output is sorted by', () => {
  test.each(ORDERED)('%s: %s', (sql, sorts) => {
    const found = statementOf(sql).columns.filter(({ column }) => column === 'ssn')
    expect(found.some(({ uses }) => uses.includes('sort'))).toBe(sorts)
  })
})

/** What flows into a relation. */
const STORES: readonly string[] = [
  'insert into o select ssn from c',
  'insert into o select * from c',
  'insert into o select c from c',
  'insert into o select c.to_jsonb from c',
  'insert into o values ((select ssn from c))',
  'insert into c (id, name) values (1, 2) on conflict (id) do update set name = c.ssn',
  'insert into c (id, ssn) values (1, 2) on conflict (id) do update set name = excluded.ssn',
  'update c set name = ssn',
  'update c set (name, a) = (select ssn, 1)',
  'update o set name = ssn from c',
  'merge into o using c on true when matched then update set a = c.ssn',
  'merge into o using c on true when not matched then insert values (c.ssn)',
  'create table t as select ssn from c',
  'select ssn into t from c',
  'create materialized view v as select * from c',
  'with u as (delete from c returning ssn as x) insert into o select x from u',
]

describe('a value that is stored shows it in', () => {
  test.each(STORES)('%s', (sql) => {
    const found = statementOf(sql).columns.filter(({ column }) => column === 'ssn' || column === '*')
    expect(found.flatMap(({ uses }) => uses)).toContain('stored')
  })
})

test('a statement whose columns would take too long to tell uses every column in every way', () => {
  const nested = (depth: number): string =>
    depth === 0 ? 'select 1' : `with recursive a as (${nested(depth - 1)}) table a`
  const { result, turns } = costOf(() => statementOf(nested(40)))
  expect(result.columns).toMatchObject([{ column: '*' }])
  expect(turns).toBeLessThan(200)
})

describe('what the columns of a SELECT depend on', () => {
  test.each([
    ['select 1, id, upper(name) from c', '[] | [id] | [name]'],
    ['select count(*), c.* from c', '[] | *'],
    ['select s.x from (select a + b as x from c) s', '[a b]'],
    ['select a from c union all select b from c', '[a b]'],
    ['values (1, 2)', '[] | []'],
  ])('%s', (sql, expected) => {
    const outputs = statementOf(sql).outputs?.map((output) =>
      output.kind === 'star' ? '*' : `[${output.from.map(({ column }) => column).join(' ')}]`,
    )
    expect(outputs?.join(' | ')).toBe(expected)
  })

  test.each([
    'insert into c values (1) returning id',
    'explain select 1',
    'select 1 into t',
    'fetch 1 from x',
  ])('is not told of %s', (sql) => {
    expect(statementOf(sql).outputs).toBeUndefined()
  })
})

describe('a column that tells of rows only, by its form', () => {
  const rowsOnly = (sql: string) =>
    statementOf(sql).outputs?.map((output) => output.kind === 'value' && output.rowsOnly === true)

  test.each([
    "select 1, 'x', null, true, $1 from c",
    'select count(*) from c',
    'select pg_catalog.count(*)::int from c',
    'select (count(*)) as n from c group by a',
  ])('%s', (sql) => {
    expect(rowsOnly(sql)).not.toContain(false)
  })

  test.each([
    'select ssn from c',
    'select count(ssn) from c',
    'select count(c) from c',
    'select count(distinct a) from c',
    'select count(*) filter (where ssn is null) from c',
    'select count(*) over (order by ssn) from c',
    'select mine.count(*) from c',
    'select max(1) from c',
    'select (select 1 from c)',
    'select exists (select from c)',
    'select 1 + 1 from c',
    'select x from (select 1 as x) s',
    'select 1 from c union all select 2 from c',
    'values (1)',
    'select c.count from c',
    'select array[1] from c',
  ])('is not: %s', (sql) => {
    expect(rowsOnly(sql)).not.toContain(true)
  })
})
