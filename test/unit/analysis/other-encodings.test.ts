import { beforeAll, describe, expect, it } from 'vitest'
import { createAnalyzer, loadParser } from '../../../src/analysis/postgres/analyze.ts'
import { analyzeFor, foldingOf, namesInDoubt } from '../../../src/analysis/postgres/other-encodings.ts'
import { costOf } from '../../support/cost.ts'

beforeAll(loadParser)
const LONG = 'é'.repeat(32)

describe('a name means the same to a server of one byte for a letter', () => {
  it.each([
    'select 1',
    'select * from löhne',
    'select "Ö" from "LÖHNE"',
    `select 'LÖHNE', E'\\'Ö', $$Ö$$, $a$ Ö $$ Ö $a$, U&'Ö', n'Ö' -- Ö`,
    '/* Ö /* Ö */ Ö */ select 1 --Ö\n',
    `select 'a''Ö' "Ö""Ö"`,
    `select E'\\\\', 'x' || 'Ö'`,
    `select "${'é'.repeat(30)}"`,
  ])('%s', (sql) => {
    expect(namesInDoubt(sql, 'capitals')).toBe(false)
  })

  it.each([
    'select * from LÖHNE',
    'select * from public.lÖhne',
    'select a$Ö$ from b',
    `select 'x'Ö`,
    `select E'\\''Ö`,
    `select $$x$$ Ö`,
    '/* /* */ */ select 1 Ö',
    '--\rselect Ö',
    `select E'a'\n'b\\'' Ö --'`,
    `select E'a'${' '.repeat(20)}--${'-'.repeat(20)}\n'b\\', Ö --'`,
    `select ${LONG}`,
    `select "${LONG}"`,
    `select U&"${'\\00e9'.repeat(32)}"`,
    `set search_path = 'Ö'`,
    `select set_config('search_path', E'Ö', false)`,
  ])('and it may not: %s', (sql) => {
    expect(namesInDoubt(sql, 'capitals')).toBe(true)
  })
})

it('of bytes that are folded each, every letter is in doubt; where nothing is folded, none but of long names', () => {
  expect(namesInDoubt('select * from löhne', 'bytes')).toBe(true)
  expect(namesInDoubt(`select 'LÖHNE' from "LÖHNE"`, 'bytes')).toBe(false)
  expect(namesInDoubt('select * from LÖHNE', 'nothing')).toBe(false)
  expect(namesInDoubt(`select ${LONG}`, 'nothing')).toBe(true)
})

it.each([
  ['UTF8', undefined],
  ['LATIN1', 'capitals'],
  ['WIN1252', 'capitals'],
  ['ISO_8859_5', 'capitals'],
  ['KOI8R', 'capitals'],
  ['EUC_JP', 'nothing'],
  ['SQL_ASCII', 'bytes'],
  [undefined, 'bytes'],
])('a server of %s folds %s', (encoding, folding) => {
  expect(foldingOf(encoding)).toBe(folding)
})

it('what is in doubt is not understood, and rules refuse it', () => {
  const { analyze } = createAnalyzer()
  const sql = 'select * from LÖHNE'
  expect(analyzeFor('UTF8', analyze)(sql)).toEqual(analyze(sql))
  const facts = {
    statements: [{ accesses: [{ effect: 'unknown' }], incomplete: expect.stringMatching(/LATIN1/) }],
  }
  expect(analyzeFor('LATIN1', analyze)(sql)).toMatchObject({ kind: 'facts', facts })
  expect(analyzeFor('LATIN1', analyze)('select * frum LÖHNE')).toMatchObject({ kind: 'syntax-error' })
})

it('takes time in proportion to the text', () => {
  for (const part of ["E'a' ", "'", '--', '/*', '$a$ ', '"', 'é ', "E'a'\n--\n"]) {
    const text = `select 'ö' ${part.repeat(Math.ceil(500_000 / part.length))}`
    expect(costOf(() => namesInDoubt(text, 'capitals')).turns).toBeLessThan(100)
  }
})
