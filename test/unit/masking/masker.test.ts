import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { ColumnOrigin, ResultColumn } from '../../../src/core/masking.ts'
import { Secret } from '../../../src/core/secret.ts'
import { createMasker, type MaskRule } from '../../../src/masking/masker.ts'

const KEY = 'an example key of 32 bytes ......'
const keys = {
  key(name: string) {
    if (name !== 'mask-key') throw new Error(`no secret ${name}`)
    return new Secret(KEY)
  },
}

const rule = (columns: string[], more: Partial<MaskRule> = {}): MaskRule => ({
  id: 'm',
  resources: '*',
  columns,
  strategy: 'redact',
  probes: 'refuse',
  copies: 'refuse',
  ...more,
})
const masker = (...rules: MaskRule[]) => createMasker(rules, keys, 'app')

const stored = (path: string, ancestors: string[] = []): ColumnOrigin => {
  const [schema = '', name = '', column = ''] = path.split('.')
  const parents = ancestors.map((parent) => {
    const [parentSchema = '', parentName = ''] = parent.split('.')
    return { schema: parentSchema, name: parentName }
  })
  return { kind: 'column', relation: { schema, name }, column, ancestors: parents }
}
const text = (origin: ColumnOrigin): ResultColumn => ({ name: 'c', origin, type: 25, format: 'text' })
const bytes = (value: string) => new TextEncoder().encode(value)

/** What the client sees of a value of the one column; `visible` where there is no mask. */
function seen(rules: MaskRule[], column: ResultColumn, value: string | null, touchesMasked = false) {
  const mask = createMasker(rules, keys, 'app').plan([column], touchesMasked)[0]
  if (mask === undefined) return 'visible'
  const masked = mask(value === null ? null : bytes(value))
  return masked === null ? null : Buffer.from(masked).toString()
}

describe('a mask of what detectors find', () => {
  const finds = (more: Partial<MaskRule> = {}): MaskRule => ({
    id: 'd',
    resources: '*',
    detect: ['email'],
    strategy: 'redact',
    probes: 'refuse',
    copies: 'refuse',
    ...more,
  })
  const at = 'public.users.note'

  it('is for any column and any computed value', () => {
    for (const origin of [stored(at), { kind: 'derived' }, { kind: 'unknown' }] as const)
      expect(seen([finds()], text(origin), 'to ada@example.com')).toBe('to ***')
  })

  it('leaves a column to the mask that names it', () => {
    expect(
      seen([finds(), rule([at], { strategy: 'fixed', value: 'x' })], text(stored(at)), 'ada@example.com'),
    ).toBe('x')
  })

  it('takes the strictest of several strategies for one detector', () => {
    const rules = [finds({ strategy: 'partial' }), finds()]
    expect(seen(rules, text(stored(at)), 'ada@example.com')).toBe('***')
  })

  it('needs no catalog, and makes nothing a probe', () => {
    expect(masker(finds())).toMatchObject({ active: true, namesColumns: false })
  })

  it('without a mask there is nothing to look through', () => {
    expect(masker()).toMatchObject({ active: false, namesColumns: false })
    expect(masker().detection).toBeUndefined()
  })
})

describe('which relations and columns a mask names', () => {
  const m = masker(rule(['public.users.email', 'hr.*.salary']))
  it.each([
    ['a qualified name', { schema: 'public', name: 'users' }, true],
    ['the same name in another schema', { schema: 'other', name: 'users' }, false],
    ['any relation under a star', { schema: 'hr', name: 'people' }, true],
    ['a name without schema that could be the masked one', { name: 'users' }, true],
    ['a name without schema under a star in any schema', { name: 'orders' }, true],
    ['a name that differs in case', { schema: 'public', name: 'Users' }, false],
  ])('%s', (_, relation, expected) => {
    expect(m.masksRelation(relation)).toBe(expected)
  })

  it('a name without schema is not masked when no mask has a relation of that name', () => {
    expect(masker(rule(['public.users.email'])).masksRelation({ name: 'orders' })).toBe(false)
  })

  it.each([
    [{ schema: 'public', name: 'users' }, 'email', true],
    [{ schema: 'public', name: 'users' }, 'name', false],
    [{ name: 'users' }, 'email', true],
    [{ name: 'users' }, 'salary', true],
    [{ schema: 'public', name: 'users' }, 'salary', false],
  ])('%o has its column %s masked: %s', (relation, column, expected) => {
    expect(m.masksColumn(relation, column)).toBe(expected)
  })

  it('answers the same the second time and after many other relations', () => {
    for (let i = 0; i < 2500; i++) m.masksRelation({ schema: 'public', name: `r${i}` })
    expect(m.masksRelation({ schema: 'public', name: 'users' })).toBe(true)
    expect(m.masksRelation({ schema: 'public', name: 'r1' })).toBe(false)
  })

  it('a schema and a name are not mixed up with another pair that reads the same', () => {
    const dotted = masker(rule(['a.b.c']))
    expect(dotted.masksRelation({ schema: 'a', name: 'b' })).toBe(true)
    expect(dotted.masksRelation({ name: 'a.b' })).toBe(false)
  })
})

describe('which columns of a result are masked', () => {
  const users = rule(['public.users.email'])
  it('a stored column that a rule names, whatever the result calls it', () => {
    expect(seen([users], { ...text(stored('public.users.email')), name: 'harmless' }, 'a@b')).toBe('***')
  })
  it('not a stored column that no rule names, even beside masked ones', () => {
    expect(seen([users], text(stored('public.users.name')), 'Ann', true)).toBe('visible')
  })
  it('a column of a partition whose parent is masked', () => {
    expect(seen([users], text(stored('public.users_2026.email', ['public.users'])), 'a@b')).toBe('***')
  })
  it('not a column of a partition when the mask is on a sibling', () => {
    expect(seen([users], text(stored('public.users_2026.email', ['public.people'])), 'a@b')).toBe('visible')
  })
  it('an expression when the statement touches something masked', () => {
    expect(seen([users], text({ kind: 'derived' }), 'a@b', true)).toBe('***')
  })
  it('not an expression when the statement touches nothing masked', () => {
    expect(seen([users], text({ kind: 'derived' }), 'a@b', false)).toBe('visible')
  })
  it('a column of unknown origin, always', () => {
    expect(seen([users], text({ kind: 'unknown' }), 'a@b', false)).toBe('***')
  })
  it('nothing when there are no rules', () => {
    expect(seen([], text({ kind: 'unknown' }), 'a@b', true)).toBe('visible')
    expect(masker().active).toBe(false)
    expect(masker(users).active).toBe(true)
  })
  it('each column of a result has its own entry, in order', () => {
    const columns = [text(stored('public.users.id')), text(stored('public.users.email'))]
    const plan = masker(users).plan(columns, false)
    expect(plan.map((mask) => mask !== undefined)).toEqual([false, true])
  })
})

describe('the strictest of several rules counts', () => {
  const at = ['public.users.email']
  const nulls = rule(at, { strategy: 'null' })
  const redact = rule(at, { strategy: 'redact' })
  const hash = rule(at, { strategy: 'hash', key: 'mask-key' })
  const token = rule(at, { strategy: 'tokenize', key: 'mask-key' })
  const fixed = rule(at, { strategy: 'fixed', value: 'hidden' })
  const partial = rule(at, { strategy: 'partial' })
  const shown = (...rules: MaskRule[]) => seen(rules, text(stored('public.users.email')), 'abcdefghijkl')
  const hashed = createHmac('sha256', KEY).update('abcdefghijkl').digest('hex')

  it.each([
    ['partial', [partial], '***ijkl'],
    ['tokenize over partial', [partial, token], expect.stringMatching(/^tok_/)],
    ['hash over tokenize', [token, hash, partial], hashed],
    ['fixed over hash', [hash, fixed, token], 'hidden'],
    ['redact over fixed', [fixed, redact, hash], '***'],
    ['null over redact', [redact, nulls, hash], null],
    ['the end that shows less', [partial, rule(at, { strategy: 'partial', keep_first: 2 })], 'ab***'],
    ['the smaller keep_last', [partial, rule(at, { strategy: 'partial', keep_last: 2 })], '***kl'],
    ['in either order', [rule(at, { strategy: 'partial', keep_last: 2 }), partial], '***kl'],
  ])('%s', (_, rules, expected) => {
    expect(shown(...rules)).toEqual(expected)
  })

  it('also between a relation and its ancestor', () => {
    const rules = [rule(['public.users_2026.email'], { strategy: 'partial' }), redact]
    expect(seen(rules, text(stored('public.users_2026.email', ['public.users'])), 'abcdefghijkl')).toBe('***')
  })
})

describe('a masker is refused rather than made weak', () => {
  const at = ['public.users.email']
  it.each([
    ['a fixed without value', rule(at, { strategy: 'fixed' }), /fixed needs a value/],
    ['a tokenize without key', rule(at, { strategy: 'tokenize' }), /tokenize needs a key/],
    ['a hash without key', rule(at, { strategy: 'hash' }), /hash needs a key/],
    ['a hash with an unknown key', rule(at, { strategy: 'hash', key: 'other' }), /no secret other/],
    ['a pattern that is no column', rule(['public.users']), /is not schema\.relation\.column/],
    ['a pattern with too many parts', rule(['a.b.c.d']), /is not schema\.relation\.column/],
  ])('%s', (_, broken, message) => {
    expect(() => masker(broken)).toThrow(message)
  })

  it('a key of fewer than 16 bytes, without telling the key', () => {
    const short = { key: () => new Secret('fifteen bytes..') }
    const make = () => createMasker([rule(at, { strategy: 'hash', key: 'k' })], short, 'app')
    expect(make).toThrow(/fewer than 16 bytes/)
    expect(make).not.toThrow(/fifteen/)
  })
})
