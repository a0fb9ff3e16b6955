// Databases in an encoding of one byte fold letters beyond ASCII in names that are not quoted, as their locale says: KÜCHE is
// küche there, and nowhere else. What is judged must be what runs.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Stack, startStack } from '../../support/stack.ts'
import { temporaryDirectory } from '../../support/tmp.ts'

const LOCALE = 'en_US.ISO-8859-1'
/** From Debian's package `locales`. */
const canMakeLocales = existsSync('/usr/share/i18n/charmaps/ISO-8859-1.gz')

let stack: Stack
let folder: ReturnType<typeof temporaryDirectory>
let clerk: string

beforeAll(async () => {
  folder = temporaryDirectory('locales')
  if (canMakeLocales) {
    execFileSync('localedef', ['-f', 'ISO-8859-1', '-i', 'en_US', join(folder.path, LOCALE)])
    execFileSync('chmod', ['-R', 'a+rX', folder.path])
    process.env['LOCPATH'] = folder.path
  }
  const databases = ['app', 'latin', 'ascii']
  const group = { resources: '*' as const, groups: ['clerks'] }
  stack = await startStack({
    resource: { databases },
    resources: { only: { process: 'requests-only', recording: 'commands', databases } },
    config: {
      masks: {},
      policies: {
        tables: { ...group, decision: 'allow', effects: ['read'], relations: ['public.*'] },
        wages: { decision: 'deny', resources: '*', effects: ['read'], relations: ['public.löhne'] },
        changes: { ...group, decision: 'hold', effects: ['update'], approvers: ['a'], wait: '0s' },
      },
    },
  })
  clerk = await stack.tokens.person(['clerks'])
})
afterAll(async () => {
  await stack?.stop()
  delete process.env['LOCPATH']
  folder?.remove()
})

const TABLES = `
  create table "löhne" (id int); insert into "löhne" values (7); create table "Ödland" (id int);
  grant select on all tables in schema public to public; grant all on "Ödland" to public`

describe.skipIf(!canMakeLocales)('in a database of LATIN1', () => {
  beforeAll(async () => {
    const locale = `lc_collate 'C' lc_ctype '${LOCALE}' locale_provider libc`
    await stack.postgres.query(`create database latin template template0 encoding LATIN1 ${locale}`)
    await stack.postgres.query(TABLES, undefined, 'latin')
  })

  it('the server itself reads LÖHNE as löhne', async () => {
    expect(await stack.postgres.query('select * from LÖHNE', undefined, 'latin')).toEqual([{ id: 7 }])
  })

  describe.each(['app', 'only'])('of the resource %s', (resource) => {
    it.each([
      'select * from LÖHNE',
      'select * from public.LÖhne',
      'select l.id from LÖHNE l',
      `prepare ö as update "Ödland" set id = 1; prepare "Ö" as select 1; execute Ö`,
    ])('what a rule denies is not read by another case of its name: %s', async (sql) => {
      const client = await stack.connect(clerk, { database: 'latin', resource })
      await expect(client.query(sql)).rejects.toThrow(/chaperone.*LATIN1/)
      if (!sql.includes(';'))
        await expect(client.query({ text: sql, values: [] })).rejects.toThrow(/chaperone.*LATIN1/)
      const { rows } = await client.query(`select 'LÖHNE' as "Ö", id from "Ödland" /* Ü */`)
      expect(rows).toEqual([])
      await client.end()
    })
  })
})

it('in a database of SQL_ASCII letters beyond ASCII need quotes', async () => {
  await stack.postgres.query(
    `create database ascii template template0 encoding SQL_ASCII lc_ctype 'C' lc_collate 'C'`,
  )
  await stack.postgres.query(TABLES, undefined, 'ascii')
  const client = await stack.connect(clerk, { database: 'ascii' })
  await expect(client.query('select * from ödland')).rejects.toThrow(/SQL_ASCII/)
  await expect(client.query('select * from "löhne"')).rejects.toThrow(/rule wages/)
  expect((await client.query(`select 'Ö' from "Ödland"`)).rows).toEqual([])
  await client.end()
})
