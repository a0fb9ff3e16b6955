// What cases of copies have in common: a table of one column, and how it is read.
import { bind, execute, parse, sync } from '../support/pgwire/frontend.ts'
import { given, type Leak, leak } from './case.ts'

export const MINE = 'create table public.mine (v text)'
export const READ = 'select v from public.mine'

export const extended = (sql: string, values: readonly string[] = []) => [
  parse({ sql }),
  bind({ values }),
  execute(),
  sync(),
]

/** One statement that stores something in a table of one column, simple and extended. */
export const into = (name: string, sql: string, ...before: string[]): Leak[] => [
  given(name, before, MINE, sql, READ),
  given(`${name}, extended`, before, MINE, extended(sql), READ),
]

/** A change of the table itself, and what the allowed column holds then. */
export const moved = (name: string, ...changes: string[]): Leak[] => [
  leak(name, ...changes, MINE, 'insert into public.mine select card from customers', READ),
  leak(
    `${name}, extended`,
    ...changes.map((sql) => extended(sql)),
    MINE,
    extended('insert into public.mine select card from customers'),
    READ,
  ),
]
