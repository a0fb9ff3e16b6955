// What sessions leave in their recordings is enough to judge them again: masks by their names, and the claims that rules demand.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { createProgram } from '../../../src/cli/program.ts'
import { readRecording } from '../../../src/recording/read.ts'
import type { RecordedEvent } from '../../../src/recording/recorded.ts'
import { type Stack, startStack } from '../../support/stack.ts'

let stack: Stack
beforeAll(async () => {
  stack = await startStack({
    policies: {
      read: {
        decision: 'allow',
        resources: '*',
        groups: ['analysts'],
        effects: ['read'],
        relations: ['public.*'],
        claims: { 'work.team': ['core', 'sales'] },
      },
    },
  })
  const claims = { work: { team: ['core', { not: 'this' }], salary: 'a secret' }, other: 'kept out' }
  const ann = await stack.tokens.person(['analysts'], { claims })
  for (const sql of [
    'select ssn, name from customers',
    'select name from customers',
    'select * from public.customers',
    'select count(*) from customers where ssn is null',
  ])
    await stack.psql(ann, ['-c', sql])
  const bob = await stack.tokens.person(['analysts'], { subject: 'bob' })
  await stack.psql(bob, ['-c', 'select name from customers'])
}, 120_000)
afterAll(() => stack.stop())

async function events(): Promise<RecordedEvent[]> {
  const all: RecordedEvent[] = []
  for (const { path } of await stack.recordings())
    for await (const event of readRecording(path)) all.push(event)
  return all
}

/** `policy test --recordings`, with the stack's own configuration or another text in its place. */
async function judged(change: (text: string) => string) {
  const file = join(stack.folder, 'other.yaml')
  writeFileSync(file, change(readFileSync(stack.configFile, 'utf8')))
  let out = ''
  const written = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    out += chunk
    return true
  })
  const asked = [
    '--config',
    file,
    'policy',
    'test',
    '--json',
    '--recordings',
    join(stack.folder, 'recordings'),
  ]
  await createProgram()
    .parseAsync(asked, { from: 'user' })
    .finally(() => written.mockRestore())
  process.exitCode = undefined
  return JSON.parse(out)
}

it('a recording tells the claims that rules demand, and no others', async () => {
  const starts = (await events()).filter((event) => event.kind === 'start')
  expect(starts.map(({ claims }) => claims)).toEqual([
    ...Array.from({ length: 4 }, () => ({ 'work.team': ['core'] })),
    { 'work.team': null },
  ])
  expect(JSON.stringify(starts)).not.toMatch(/salary|a secret|kept out/)
})

it('a statement tells the masks over the columns that it touches', async () => {
  const statements = (await events()).filter((event) => event.kind === 'statement')
  expect(statements.map(({ text, outcome, masks }) => [text, outcome, masks])).toEqual([
    ['select ssn, name from customers', 'allow', ['ssn']],
    ['select name from customers', 'allow', undefined],
    ['select * from public.customers', 'allow', ['ssn', 'card', 'email']],
    ['select count(*) from customers where ssn is null', 'deny', undefined],
    ['select name from customers', 'deny', undefined],
  ])
})

it('by the same configuration everything is decided as it was, and shown as it was', async () => {
  expect(await judged((text) => text)).toMatchObject({ changes: [], claiming: [], maskless: 0 })
})

it('a mask over another column, and other claims, are told without the configuration of before', async () => {
  const moved = await judged((text) => text.replace('public.customers.ssn', 'public.customers.phone'))
  expect(moved.changes.map(({ sql }: { sql: string }) => sql)).toEqual([
    'select ssn, name from customers',
    'select count(*) from customers where ssn is null',
  ])
  const others = await judged((text) => text.replace('- core', '- nobody'))
  expect(others.changes).toHaveLength(3)
})

it('whatever the way to a column is, the masks that are told are those that are found again', async () => {
  await stack.superuser('create view public.renamed as select ssn as number, name from public.customers')
  await stack.superuser('grant select on public.renamed to app_rw, app_ro')
  const claims = { work: { team: 'core' } }
  const eve = await stack.connect(await stack.tokens.person(['analysts'], { subject: 'eve', claims }))
  for (const sql of [
    'begin',
    'declare c cursor for select ssn from customers',
    'fetch c',
    'commit',
    'prepare p as select card from customers',
    'execute p',
    'explain select email from customers',
    'with w as (select * from customers) select name from w',
    'select number from renamed',
    'table customers',
    'select c from customers c',
    'select ssn from public.customers',
  ])
    await eve.query(sql).catch(() => undefined)
  await eve.query('select ssn from customers where id = $1', [1]).catch(() => undefined)
  await eve.query({ name: 'named', text: 'select card from public.customers where id = $1', values: [1] })
  await eve.end()
  const told = (await events()).flatMap((event) => (event.kind === 'statement' ? (event.masks ?? []) : []))
  expect(new Set(told)).toEqual(new Set(['ssn', 'card', 'email']))
  const { changes, unknown } = await judged((text) => text)
  expect({ changes, unknown }).toEqual({ changes: [], unknown: 0 })
})
