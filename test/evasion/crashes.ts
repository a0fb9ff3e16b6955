// Messages over which PostgreSQL (15 to 18) itself crashes, and with it every session of the server, or runs for ever:
// it follows the names in EXECUTE and FETCH when it tells columns, and takes a cursor for there (FetchPortalTargetList).
import { bind, close, describe, execute, parse, query, sync } from '../support/pgwire/frontend.ts'
import type { EvasionCase, Step } from './case.ts'

const OPEN = 'begin; declare c cursor for select 1'
const FETCH = 'fetch all from c'
/** `s` is a FETCH that was prepared when its cursor was there. */
const PREPARED: Step = [parse({ name: 's', sql: FETCH }), sync()]
const BOUND: Step = [parse({ name: 's', sql: FETCH }), bind({ portal: 'p', statement: 's' }), sync()]
const described = (kind: 'S' | 'P', name = ''): Step => [describe(kind, name), sync()]
const run = (sql: string, portal = '') => [parse({ sql }), bind({ portal }), execute(portal)]

export const crashes: readonly EvasionCase[] = [
  {
    name: 'a prepared FETCH, described when its cursor is gone',
    steps: [OPEN, PREPARED, 'rollback', described('S', 's')],
  },
  {
    name: 'a prepared FETCH, described when its cursor WITH HOLD is gone',
    steps: ['declare c cursor with hold for select 1', PREPARED, 'close c', described('S', 's')],
  },
  {
    name: 'a prepared FETCH, described in the segment that closes its cursor',
    steps: [OPEN, [parse({ name: 's', sql: FETCH }), ...run('close c'), describe('S', 's'), sync()]],
  },
  {
    name: 'a FETCH that is bound, described when its cursor is gone',
    steps: [OPEN, BOUND, 'close c', described('P', 'p')],
  },
  {
    name: 'an EXECUTE of a prepared FETCH, described when the cursor is gone',
    steps: [OPEN, PREPARED, 'rollback', [parse({ sql: 'execute s' }), describe('S'), sync()]],
  },
  {
    name: 'an EXECUTE that was bound before its name became a FETCH',
    steps: [
      OPEN,
      [
        parse({ name: 's', sql: 'select 1' }),
        parse({ name: 'x', sql: 'execute s' }),
        bind({ portal: 'p', statement: 'x' }),
      ],
      [close('S', 's'), parse({ name: 's', sql: FETCH }), sync()],
      'close c',
      described('P', 'p'),
    ],
  },
  {
    name: 'an EXECUTE that was prepared before its name became a FETCH',
    steps: [
      OPEN,
      [parse({ name: 's', sql: 'select 1' }), parse({ name: 'x', sql: 'execute s' })],
      [close('S', 's'), parse({ name: 's', sql: FETCH }), sync()],
      'close c',
      described('S', 'x'),
    ],
  },
  {
    name: 'a FETCH from the portal of a FETCH, whose cursor is gone',
    steps: [
      OPEN,
      [parse({ sql: FETCH }), bind({ portal: 'p' }), execute('p', 1), ...run('close c'), sync()],
      'fetch all from p',
    ],
  },
  {
    name: 'two prepared statements that execute each other',
    steps: [
      [
        parse({ name: 'b', sql: 'select 1' }),
        parse({ name: 'a', sql: 'execute b' }),
        close('S', 'b'),
        parse({ name: 'b', sql: 'execute a' }),
        describe('S', 'a'),
        sync(),
      ],
    ],
  },
  {
    name: 'two portals that fetch from each other',
    steps: [
      OPEN,
      BOUND,
      'close c',
      [parse({ sql: 'fetch all from p' }), bind({ portal: 'c' }), describe('P', 'p'), sync()],
      [query('select 1')],
    ],
  },
]
