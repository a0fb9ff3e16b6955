// Stock pg_dump of a schema through Envoy and Chaperone, with the rules of docs/clients.md. It empties search_path, so that
// everything it names has its schema.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ConfigInput } from '../../../src/config/schema.ts'
import { run } from '../../support/stack/clients.ts'
import { type Stack, startStack } from '../../support/stack.ts'

const policies: NonNullable<ConfigInput['policies']> = {
  dump: {
    decision: 'allow',
    resources: '*',
    groups: ['admins'],
    effects: ['read', 'lock'],
    relations: ['public.*', '$catalog', 'pg_catalog.pg_subscription'],
  },
  'dump-settings': {
    decision: 'allow',
    resources: '*',
    groups: ['admins'],
    effects: ['setting'],
    objects: ['search_path', 'synchronize_seqscans', 'row_security', 'restrict_nonsystem_relation_kind'],
  },
}

let stack: Stack
beforeAll(async () => {
  stack = await startStack({
    postgres: { version: '15' },
    config: {
      policies,
      masks: { ssn: { resources: '*', columns: ['public.customers.ssn'], except_groups: ['pii'] } },
    },
  })
  await stack.superuser(`create schema secret; create table secret.t (id int); create view public.paid as select * from public.orders;
    create function public.twice(int) returns int language sql as 'select 2 * $1'; create sequence public.numbers;
    create type public.mood as enum ('good'); create domain public.positive as int check (value > 0);
    alter view public.paid owner to app_rw; alter sequence public.numbers owner to app_rw`)
})
afterAll(() => stack?.stop())

const program = async (connection: string, password: string, args: readonly string[]) => {
  const { stdout, stderr } = await run('pg_dump', [...args, '-d', connection], password)
  // A key of its own in each dump.
  return { dumped: stdout.replace(/^\\(un)?restrict .*$/gm, ''), stderr }
}

async function dump(...args: string[]) {
  return program(stack.conninfo(), await stack.tokens.person(['admins']), args)
}

/** Straight at the server. */
async function direct(...args: string[]) {
  const { host, port, superuser, password } = stack.postgres
  const { dumped } = await program(`host=${host} port=${port} user=${superuser} dbname=app`, password, args)
  return dumped
}

describe('pg_dump through Chaperone', () => {
  test.each([
    ['the schema', ['--schema=public', '--schema-only']],
    ['rows of a table without masks, by COPY', ['--table=public.orders']],
    ['rows of a table without masks, as INSERT', ['--table=public.orders', '--inserts', '--data-only']],
  ])('gives %s as straight from the server', async (_, args) => {
    const { dumped, stderr } = await dump(...args)
    expect(stderr).toBe('')
    expect(dumped).toContain('PostgreSQL database dump complete')
    expect(dumped).toBe(await direct(...args))
  })

  test('cannot copy what is masked, and inserts it masked', async () => {
    const copied = await dump('--table=public.customers', '--data-only')
    expect(copied.stderr).toContain('COPY may not read a relation with masked columns')
    expect(copied.dumped).not.toContain('078-05-1120')
    const inserted = await dump('--table=public.customers', '--data-only', '--column-inserts')
    expect(inserted.stderr).toBe('')
    expect(inserted.dumped).toContain('Ada Lovelace')
    expect(inserted.dumped).not.toContain('078-05-1120')
    expect(await direct('--table=public.customers', '--data-only')).toContain('078-05-1120')
  })

  test('gives nothing of what no rule allows', async () => {
    const { dumped, stderr } = await dump('--schema=secret')
    expect(stderr).toContain('no rule allows: lock secret.t')
    expect(dumped).not.toContain('secret')
  })
})
