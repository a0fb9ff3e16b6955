// Statements that fail in place of refused ones, and texts that have one meaning: what goes to the server unjudged.
import { beforeAll, describe, expect, it } from 'vitest'
import { createAnalyzer, loadParser } from '../../../../src/analysis/postgres/analyze.ts'
import { decodeParse, decodeQuery } from '../../../../src/protocols/postgres/messages/frontend.ts'
import { hasOneMeaning, maySet } from '../../../../src/protocols/postgres/requests-only/readable.ts'
import { failingParse, failingQuery } from '../../../../src/protocols/postgres/requests-only/stand-in.ts'

beforeAll(loadParser)
const { analyze } = createAnalyzer({ trustedFunctions: [], maxBytes: 100_000 })
const refusal = (message: string, hint?: string) =>
  ({
    kind: 'refusal',
    refusal: { code: 'denied', message, ...(hint === undefined ? {} : { hint }) },
  }) as const

const HOSTILE = [
  `'; drop table t; --`,
  `\\'; drop table t; --`,
  '$$; drop table t; $$',
  '$dabc$ x',
  'a\0b',
  '%',
  '\n',
]

describe('in place of a Query', () => {
  it.each(HOSTILE)('one DO block is sent, whatever the refusal says: %j', (text) => {
    const { sql } = decodeQuery(failingQuery(refusal(text, text), 'abc0123'))
    const result = analyze(sql)
    if (result.kind !== 'facts') throw new Error(result.kind)
    expect(result.facts.statements.map(({ command }) => command)).toEqual(['DO'])
  })

  it('the SQLSTATE is that of the refusal', () => {
    expect(decodeQuery(failingQuery(refusal('no'), 'a')).sql).toContain(`ERRCODE = '42501'`)
  })
})

describe('in place of a message of the extended protocol', () => {
  it.each(HOSTILE)('a text is sent that no grammar reads: %j', (text) => {
    const { sql, name } = decodeParse(failingParse(refusal(text, text), 'nowhere'))
    expect(name).toBe('nowhere')
    expect(analyze(sql).kind).toBe('syntax-error')
    // one literal, so that the server shows all of it, under either setting of standard_conforming_strings
    expect(sql).toMatch(/^'[^'\\]*'$/)
  })
})

describe('texts after code that may have changed settings', () => {
  it.each([
    [`select 'a''b'`, true],
    ['select $1::text', true],
    [`select '\\'`, false],
    ['select é', false],
  ])('%s has one meaning under all settings: %s', (sql, one) => {
    expect(hasOneMeaning(sql)).toBe(one)
  })

  it.each([
    ['set standard_conforming_strings = off', true],
    ['select f()', true],
    ['do $$ begin end $$', true],
    [`update pg_settings set setting = 'off'`, true],
    ['select 1', false],
    [`insert into t values ('a')`, false],
  ])('%s may set them: %s', (sql, may) => {
    const result = analyze(sql)
    if (result.kind !== 'facts') throw new Error(result.kind)
    expect(maySet(result.facts)).toBe(may)
  })
})
