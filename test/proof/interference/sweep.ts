// Every function, operator, cast and form of expression that there is, each with a masked column in each place.
import { type Random, random } from '../fuzz/mutate.ts'
import { type Callable, CONSTANTS, type Known, TYPES } from './catalog.ts'
import { callOf, concrete, literal, nameOf } from './expressions.ts'
import { RELATIONS } from './worlds.ts'

const columns = (RELATIONS.get('people') ?? []).filter(({ masked }) => masked)
const ofType = (type: string) => columns.filter((column) => column.type === type)

/** Expressions by themselves, of a column and constants of its type. */
const FORMS: readonly ((column: string, constant: string, type: string) => string)[] = [
  (c) => c,
  (c) => `${c}::text`,
  (c) => `${c}::varchar(2)`,
  (c) => `${c}::name`,
  (c, k) => `array[${c}, ${k}]`,
  (c) => `array(select ${c} from people)`,
  (c, k) => `array(values (${c}), (${k}))`,
  (c, k) => `greatest(${c}, ${k})`,
  (c, k) => `coalesce(${c}, ${k})`,
  (c, k) => `nullif(${c}, ${k})`,
  (c, k) => `row(${c}) = row(${k})`,
  (c, k) => `row(${c}, 1) < row(${k}, 2)`,
  (c, k) => `${c} is distinct from ${k}`,
  (c, k) => `${c} in (${k}, ${k})`,
  (c, k) => `${c} between ${k} and ${k}`,
  (c, k) => `${c} between symmetric ${k} and ${k}`,
  (c, k) => `${c} || ${k}`,
  (c, k) => `${k} || ${c}`,
  (c) => `${c} || 'x'::text`,
  (c, k) => `${c} = any (array[${k}])`,
  (c, k) => `${k} = any (array[${c}])`,
  (c, k) => `${c} = 1::float8 and ${c} = ${k}`,
  (c, k) => `${c} < 1::int8 or ${c} = ${k}`,
  (c) => `${c} is null`,
  (c) => `(${c}).a`,
  (c) => `(${c})[1]`,
  (c) => `(${c})[1:2]`,
  (c) => `(${c})['a']`,
  (c) => `to_json(${c})`,
  (c) => `to_jsonb(${c})`,
  (c) => `json_build_array(${c})`,
  (c) => `jsonb_build_array(${c}, 1)`,
  (c) => `json_build_object('a', ${c})`,
  (c) => `json_object('a': ${c})`,
  (c) => `json_object('a': ${c} returning jsonb)`,
  (c) => `json_array(${c} returning jsonb)`,
  (c) => `json_array(${c} format json)`,
  (c) => `json_scalar(${c})`,
  (c) => `json(${c})`,
  (c) => `json_serialize(${c})`,
  (c) => `json_value(${c}, '$')`,
  (c) => `${c} is json`,
  (c) => `xmlelement(name a, ${c})`,
  (c) => `xmlforest(${c} as a)`,
  (c) => `xmlconcat(${c})`,
  (c) => `concat(${c}, 'x')`,
  (c) => `concat(variadic array[${c}])`,
  (c) => `num_nulls(${c})`,
  (c) => `num_nulls(variadic array[${c}])`,
  (c) => `row(${c})::text`,
  (c) => `row_to_json(row(${c}))`,
  (c) => `to_jsonb(row(${c}))`,
  (c) => `(row(${c}, 1)::text)`,
  (c) => `${c} collate "C"`,
  (c) => `case when id > 0 then ${c} end`,
  (c, k) => `case ${c} when ${k} then 1 end`,
  (c) => `(select ${c})`,
  (c) => `(select ${c} from people limit 1)`,
  (c) => `exists (select ${c})`,
  (c) => `overlay(${c} placing 'x' from 1)`,
  (c) => `position('x' in ${c})`,
  (c) => `substring(${c} from 1 for 2)`,
  (c) => `trim(both 'x' from ${c})`,
  (c) => `normalize(${c})`,
  (c) => `extract(year from ${c})`,
  (c) => `${c} at time zone 'UTC'`,
  (c) => `${c} is true`,
  (c) => `not ${c}`,
  (c) => `- ${c}`,
  (c) => `length(${c}, 'UTF8')`,
  (c) => `ascii(${c})`,
  (c) => `pg_column_size(${c})`,
  (c) => `pg_typeof(${c})`,
]

/** Statements of a column: what they let the server do with it, and what is seen of that. */
const STATEMENTS: readonly ((column: string, constant: string, type: string) => readonly string[])[] = [
  (c) => [`update people set ${c} = ${c}`],
  (c, k) => [`update people set ${c} = ${k} where id < 9 returning id, ${c}`],
  (c, k) => [`update people set ${c} = ${k} where id < 9 returning old.${c}, new.${c}, old, new`],
  (c) => [`select count(${c}) from people`],
  (c) => [`select distinct ${c} from people`],
  (c) => [`select id from people order by ${c}`],
  (c) => [`explain select ${c} from people`],
  (c) => ['analyze', `explain select ${c} from people`],
  (c) => ['analyze', `select null_frac, avg_width, n_distinct from pg_stats where attname = '${c}'`],
  (c) => [`copy people (id, ${c}) to stdout`],
  (c) => [`alter table plain add column x ${'text'}`, `update plain set x = ${c} from people`],
  (c) => [`create index on people (id) include (${c})`],
  (c) => [`alter table people alter ${c} set default null`],
  (c) => [`alter table people alter ${c} set not null`],
  (c) => [`alter table people alter ${c} set storage external`],
  (c) => [`alter table people drop column ${c}`],
  (c) => [`create statistics on id, ${c} from people`, 'analyze people'],
  (c, _, type) => [`alter table people alter ${c} type ${nameOf(type)}`],
  (c, _, type) => [
    `create table t (x ${nameOf(type)})`,
    `alter table people add foreign key (${c}) references t (x)`,
  ],
  (c) => [`prepare p as select ${c} from people`, 'explain analyze execute p', 'execute p'],
  (c) => [
    `declare x cursor for select ${c} from people for update`,
    'fetch 1 from x',
    'update people set name = name where current of x returning 1',
  ],
  (c) => [`create table t partition of parts for values in (77)`, `select ${c} from people`],
  () => [`create temp table t as select * from people with no data`, `insert into t select * from people`],
  (c) => [`grant select (${c}) on people to public`],
  (c, k) => [`insert into people (id, ${c}) values (50, ${k}) on conflict do nothing returning ${c}`],
  (c, k) => [
    `merge into people p using (values (1)) v (x) on p.id = v.x when matched then update set ${c} = ${k} returning merge_action(), old.${c}, new.${c}`,
  ],
]

/** Pairs of a function's place and a masked column, with constants in the other places. */
function* calls(callable: Callable, next: Random): Generator<string> {
  for (const [place, type] of callable.arguments.entries()) {
    const isOpen = type.startsWith('any') || type === 'record'
    const elements = isOpen ? TYPES : ['text']
    for (const element of elements) {
      const types = callable.arguments.map((argument) => concrete(argument, element))
      if (types.includes(undefined)) continue
      for (const column of ofType(types[place] ?? '')) {
        const args = types.map((argument, n) =>
          n === place ? column.name : literal(argument ?? 'text', next),
        )
        yield callOf(callable, args, next)
      }
    }
  }
}

/** One statement is one program: each fails by itself. */
export function* sweep(known: Known, seed: number): Generator<readonly string[]> {
  const next = random(seed)
  for (const { name, type } of columns) {
    const constants = CONSTANTS[type] ?? CONSTANTS['text'] ?? []
    for (const constant of constants) {
      for (const form of FORMS) yield [`select ${form(name, constant, type)} from people`]
      for (const form of STATEMENTS) yield form(name, constant, type)
    }
    for (const other of TYPES) yield [`select ${name}::${nameOf(other)} from people`]
    for (const { name: second, type: its } of columns)
      if (its !== type) yield [`select ${name} = ${second}, ${name} || ${second} from people`]
  }
  for (const callable of known.callables)
    for (const call of calls(callable, next)) yield [`select ${call} from people`]
}
