import { describe, expect, it } from 'vitest'
import type {
  Access,
  AccessEffect,
  ColumnMention,
  ColumnUse,
  RelationName,
  StatementFacts,
} from '../../../src/core/facts.ts'
import type { SqlOperation } from '../../../src/core/operation.ts'
import { Secret } from '../../../src/core/secret.ts'
import { createMasker } from '../../../src/masking/masker.ts'

const keys = { key: () => new Secret('') }
const masker = createMasker(
  [
    {
      id: 'm',
      resources: '*',
      columns: ['public.users.ssn'],
      strategy: 'redact',
      probes: 'refuse',
      copies: 'refuse',
    },
  ],
  keys,
  'app',
)

function relation(path: string): RelationName {
  const [first = '', second] = path.split('.')
  return second === undefined ? { name: first } : { schema: first, name: second }
}
const on = (effect: AccessEffect, path: string): Access => ({ effect, relation: relation(path) })

const mention = (column: string, ...uses: ColumnUse[]): ColumnMention => ({ column, uses })

const statement = (accesses: Access[], more: Partial<StatementFacts> = {}): StatementFacts => ({
  command: 'SELECT',
  accesses,
  columns: [],
  returnsRows: false,
  changes: [],
  references: [],
  ...more,
})
const operation = (statements: StatementFacts[], behind: string[] = []): SqlOperation => ({
  kind: 'sql',
  sequence: 1,
  text: '',
  facts: { statements, fingerprint: '' },
  phase: 'query',
  parameters: [],
  behind: behind.map(relation),
})

const users = on('read', 'public.users')
const refused = (s: StatementFacts, behind: string[] = []) =>
  masker.refuses(operation([s], behind)) !== undefined

describe('refused', () => {
  it.each<[string, StatementFacts, string[]?]>([
    ['COPY users TO STDOUT', statement([users], { copy: 'out' })],
    ['COPY of a view over users', statement([on('read', 'public.v')], { copy: 'out' }), ['public.users']],
    ['COPY of a name that could be users', statement([on('read', 'users')], { copy: 'out' })],
    ['INSERT INTO other SELECT … FROM users', statement([on('insert', 'public.other'), users])],
    [
      'UPDATE other … FROM users',
      statement([on('update', 'public.other'), on('read', 'public.other'), users]),
    ],
    [
      'INSERT INTO other … from a view over users',
      statement([on('insert', 'o'), on('read', 'v')]),
      ['public.users'],
    ],
    [
      'INSERT INTO users … FROM public.users, which may be two relations',
      statement([on('insert', 'users'), users]),
    ],
    ['CREATE TABLE … AS SELECT … FROM users', statement([on('create', 'public.copy'), users])],
    [
      'UPDATE users SET name = ssn',
      statement([on('update', 'public.users'), users], { columns: [mention('ssn', 'stored')] }),
    ],
    [
      'UPDATE of a partition with the masked column of its parent',
      statement([on('update', 'public.p'), on('read', 'public.p')], { columns: [mention('ssn', 'stored')] }),
      ['public.users'],
    ],
    ['a function that is not trusted over users', statement([users, { effect: 'call', object: 'app.log' }])],
    ['pg_notify over users', statement([users, { effect: 'notify' }])],
    ['set_config over users', statement([users, { effect: 'setting', object: 'a.b' }])],
    ['a large object made from users', statement([users, { effect: 'large-object' }])],
    ['COPY users TO PROGRAM', statement([users, { effect: 'server-program' }])],
    ['a code block, whatever is in it', statement([{ effect: 'do' }])],
    [
      'CREATE TABLE … AS EXECUTE, whose source is not in the text',
      statement([on('create', 'public.copy')], { references: [{ kind: 'prepared', name: 'p' }] }),
    ],
    [
      'a write that analysis does not fully know',
      statement([on('insert', 'public.other')], { incomplete: 'x' }),
    ],
    [
      'PREPARE of a refused statement',
      statement([], {
        changes: [{ kind: 'prepare', name: 'p', facts: statement([on('insert', 'public.other'), users]) }],
      }),
    ],
  ])('%s', (_, facts, behind) => {
    expect(refused(facts, behind)).toBe(true)
  })

  it('the second of two statements counts as the first', () => {
    const both = [statement([users]), statement([users], { copy: 'out' })]
    expect(masker.refuses(operation(both))?.code).toBe('denied')
  })
})

describe('not refused', () => {
  it.each<[string, StatementFacts, string[]?]>([
    [
      'SELECT * FROM users',
      statement([users], { columns: [mention('*', 'output'), mention('ssn', 'output')] }),
    ],
    ['COPY of another relation', statement([on('read', 'public.orders')], { copy: 'out' })],
    ['COPY users FROM STDIN', statement([on('insert', 'public.users')], { copy: 'in' })],
    ['INSERT INTO users … VALUES', statement([on('insert', 'public.users')])],
    [
      'INSERT INTO users … RETURNING *',
      statement([on('insert', 'public.users'), users], { columns: [mention('*', 'output')] }),
    ],
    [
      'UPDATE users SET name = … WHERE id = …',
      statement([on('update', 'public.users'), users], {
        columns: [mention('name', 'written'), mention('id', 'predicate')],
      }),
    ],
    [
      'DELETE FROM users WHERE …',
      statement([on('delete', 'public.users'), users], { columns: [mention('id', 'predicate')] }),
    ],
    ['INSERT INTO a SELECT … FROM b', statement([on('insert', 'public.a'), on('read', 'public.b')])],
    [
      'INSERT into a partition of users, with nothing read',
      statement([on('insert', 'public.p')]),
      ['public.users'],
    ],
    [
      'a function over another relation',
      statement([on('read', 'public.b'), { effect: 'call', object: 'f' }]),
    ],
    ['EXECUTE and FETCH as they are', statement([], { references: [{ kind: 'cursor', name: 'c' }] })],
    ['BEGIN', statement([{ effect: 'session' }])],
  ])('%s', (_, facts, behind) => {
    expect(refused(facts, behind)).toBe(false)
  })

  it('anything where no mask applies', () => {
    const unmasked = createMasker([], keys, 'app')
    expect(unmasked.refuses(operation([statement([users], { copy: 'out' })]))).toBeUndefined()
  })
})
