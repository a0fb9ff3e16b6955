// Random messages of a client that means to confuse what stands behind a name: few names, shared by prepared statements
// of both languages, portals and cursors, and re-used, dropped and rolled back in any order.
import * as f from '../../support/pgwire/frontend.ts'
import type { Random } from '../fuzz/mutate.ts'

/** The server takes 63 bytes of a name in SQL and drops the rest; of a name in a message it takes all. */
const LONG = 'l'.repeat(63)
const NAMES = ['', 'a', 'b', LONG]
/** Folded to lower case, cut, or taken as it is. */
const SQL_NAMES = ['a', 'b', 'A', '"a"', '"A"', LONG, `${LONG}x`]

/** What a rule denies. Each leaves a trace when it runs, also where it is rolled back (sequences.ts). */
const DENIED = [
  'truncate victim',
  'truncate table only victim',
  'delete from victim where id = 1',
  'select purge()',
  'with gone as (delete from victim returning id) select * from gone',
]
const READS = [
  'select ssn, id from customers',
  'select c from customers c limit 1',
  "select ssn || '' from customers",
  'table customers',
  'select 1',
  'select id from orders',
]

const pick = <T>(items: readonly T[], next: Random): T => items[next(items.length)] as T

const plain = (next: Random) => pick(next(3) === 0 ? DENIED : READS, next)

const SQL: readonly ((next: Random, name: string) => string)[] = [
  plain,
  plain,
  (next, name) => `prepare ${name} as ${pick(READS, next)}`,
  (_, name) => `execute ${name}`,
  (_, name) => `deallocate ${name}`,
  () => 'deallocate all',
  (next) => pick(['discard all', 'discard plans', 'close all', 'reset all'], next),
  (next) => pick(['begin', 'commit', 'rollback', 'commit and chain', 'rollback and chain'], next),
  (next) => pick(['savepoint s', 'rollback to s', 'release s'], next),
  () => 'select 1/0',
  (next, name) => `declare ${name} cursor for ${pick(READS, next)}`,
  (next, name) => `declare ${name} binary scroll cursor with hold for ${pick(READS, next)}`,
  (next, name) => `fetch ${pick(['1', 'all', 'prior', '0'], next)} from ${name}`,
  (next, name) => `move ${pick(['1', 'all', '-1'], next)} in ${name}`,
  (_, name) => `close ${name}`,
  (next, name) => `execute ${name}; ${pick(READS, next)}`,
  (next) => `begin; ${plain(next)}; commit`,
  (_, name) => `select ssn from customers; deallocate ${name}; select 2`,
  (next, name) => `prepare ${name} as ${pick(READS, next)}; execute ${name}; select 1/0; ${plain(next)}`,
  (next, name) => `copy (${pick(READS, next)}) to stdout; close ${name}`,
]

/** PostgreSQL crashes over some FETCHes (test/evasion/crashes.ts), and the server then ends every session. */
const HARMLESS = SQL.filter((make) => !make(() => 0, 'a').startsWith('fetch'))

type Make = (next: Random, name: string) => readonly Uint8Array[]

function makers(sql: typeof SQL): readonly Make[] {
  const sqlOf = (next: Random) => pick(sql, next)(next, pick(SQL_NAMES, next))
  const parsed = (next: Random, name: string) => f.parse({ name, sql: sqlOf(next) })
  const whole: Make = (next, name) => [
    parsed(next, name),
    f.bind({ portal: name, statement: name, resultFormats: [next(2)] }),
    f.execute(name, next(3)),
  ]
  return [
    (next) => [f.query(sqlOf(next))],
    (next, name) => [parsed(next, name)],
    (next, statement) => [f.bind({ portal: pick(NAMES, next), statement, resultFormats: [next(2)] })],
    (next, portal) => [f.execute(portal, next(3))],
    (next, name) => [f.describe(pick(['S', 'P'] as const, next), name)],
    (next, name) => [f.close(pick(['S', 'P'] as const, next), name)],
    // after an error the server skips what comes before the next Sync
    () => [f.sync()],
    () => [f.sync()],
    () => [f.sync()],
    () => [f.flush()],
    whole,
    whole,
    whole,
    (next, statement) => [f.bind({ portal: statement, statement }), f.execute(pick(NAMES, next))],
  ]
}
const ALL = makers(SQL)
const STRAIGHT = makers(HARMLESS)

/** Of one write. */
const MOST = 14

/**
 * Messages for one write. Nothing says that they make sense, that a Sync follows an error, or that a transaction ends.
 *
 * @param straight they go to a server without Chaperone before it
 */
export function messagesOf(next: Random, straight: boolean): readonly Uint8Array[] {
  const make = straight ? STRAIGHT : ALL
  const steps = Array.from({ length: 1 + next(MOST) }, () => pick(make, next)(next, pick(NAMES, next)))
  return steps.flat()
}
