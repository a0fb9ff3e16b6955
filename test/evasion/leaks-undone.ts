// Ways to bring masked values out under a name that stands for something harmless until that is undone: what the catalog says of
// it within a transaction is true for no longer than that.
import { bind, execute, parse, query, sync } from '../support/pgwire/frontend.ts'
import { given, type Leak, type Step } from './case.ts'

const VIEW = ['create view shown as select ssn as n from customers', 'alter view shown owner to app_rw']
const ANOTHER = ['drop view shown', 'create table shown (n text)', 'select n from shown'] as const
const OUT = 'copy (select n from shown) to stdout'

const run = (sql: string) => [parse({ sql }), bind({}), execute()]
const undone = (name: string, ...steps: readonly Step[]): Leak => given(name, VIEW, ...steps)

export const leaksUndone: readonly Leak[] = [
  undone('ROLLBACK TO', 'begin', 'savepoint s', ...ANOTHER, 'rollback to s', OUT, 'commit'),
  undone('ROLLBACK AND CHAIN', 'begin', ...ANOTHER, 'rollback and chain', OUT, 'commit'),
  undone('ROLLBACK and what follows in one write', 'begin', ...ANOTHER, [query('rollback'), query(OUT)]),
  undone('ROLLBACK TO and what follows in one write', 'begin', 'savepoint s', ...ANOTHER, [
    query('rollback to s'),
    query(OUT),
    query('commit'),
  ]),
  undone('ROLLBACK and what follows in one segment', 'begin', ...ANOTHER, [
    ...run('rollback'),
    ...run(OUT),
    sync(),
  ]),
  undone('ROLLBACK and what follows in one text', 'begin', ...ANOTHER, `rollback; ${OUT}`),
  undone('the end of a segment that fails', [
    ...ANOTHER.flatMap(run),
    ...run('select 1 / 0'),
    sync(),
    query(OUT),
  ]),
  undone(
    'a name that a savepoint hid, stored',
    'begin',
    'savepoint s',
    ...ANOTHER,
    'rollback to s',
    'create table stash as select n from shown',
    'select n from stash',
    'commit',
  ),
]
