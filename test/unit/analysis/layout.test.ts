// Statements laid out for people: readable, and with the very tokens that the server reads.
import { beforeAll, describe, expect, it } from 'vitest'
import { layOut } from '../../../src/analysis/postgres/layout.ts'
import { loadParser, scanSql } from '../../../src/analysis/postgres/parser.ts'

beforeAll(() => loadParser())

const laid = (sql: string) =>
  layOut(sql)
    ?.map(({ before, text }) => before + text)
    .join('')

describe('a laid out statement', () => {
  it.each([
    [
      'begins clauses, items and conditions on lines of their own',
      'update t set a=1, b = 2 where x in (select y from z where p and q) and c between 1 and 2 returning a',
      'update t\nset a=1,\n  b = 2\nwhere x in (\n  select y\n  from z\n  where p\n    and q\n)\n  and c between 1 and 2\nreturning a',
    ],
    [
      'puts a query deeper than the condition or the item that it belongs to, and its end below that',
      'select a, (select b from u) from t where p and exists (select 1 from v where q or r in (select 2 from w)) and s',
      'select a,\n  (\n    select b\n    from u\n  )\nfrom t\nwhere p\n  and exists (\n    select 1\n    from v\n    where q\n      or r in (\n        select 2\n        from w\n      )\n  )\n  and s',
    ],
    [
      'keeps joins, CASE and calls together',
      'select case when a and b then 1 end, left(c, 2) from t left outer join u using (id)',
      'select case when a and b then 1 end,\n  left(c, 2)\nfrom t\nleft outer join u using (id)',
    ],
    [
      'breaks after a comment to the end of the line, since what follows is no comment',
      'select 1 -- a\nfrom t',
      'select 1 -- a\nfrom t',
    ],
    ['leaves a comment’s own text alone', 'select /* a\n  b */ 1', 'select /* a\n  b */ 1'],
    ['keeps a string that goes on in the next line one string', "select 'a'\n'b'", "select 'a'\n'b'"],
    [
      'puts each statement on lines of its own',
      'grant select on a to b; drop table c',
      'grant select on a to b;\ndrop table c',
    ],
    [
      'shows what blanks would hide far to the right',
      `select 1${' '.repeat(500)}from secrets`,
      'select 1\nfrom secrets',
    ],
  ])('%s', (_, sql, wanted) => {
    expect(laid(sql)).toBe(wanted)
  })

  it('has the tokens of the text, whatever stands in it', () => {
    const texts = (sql: string) =>
      (JSON.parse(scanSql(sql) ?? '{"tokens":[]}') as { tokens: { text: string }[] }).tokens.map(
        ({ text }) => text,
      )
    for (const sql of [
      `select U&'\\0041' "é;--" , $tag$ ' -- $tag$, e'\\'' , 1.5e3, $1::int, a->>'b', x[1:2], -1- -1, a.b.*`,
      'with a as (insert into b values (1, 2), (3, 4) on conflict do nothing returning *) table a;;;',
      'select((((((((1))))))))',
      'create function f() returns int language plpgsql as $$ begin return 1; end $$',
    ]) {
      expect(texts(laid(sql) ?? '')).toEqual(texts(sql))
    }
  })

  it.each([
    ['an unclosed string', "select '"],
    ['a text beyond the limit', `select '${'x'.repeat(70_000)}'`],
  ])('is none for %s', (_, sql) => {
    expect(layOut(sql)).toBeUndefined()
  })
})
