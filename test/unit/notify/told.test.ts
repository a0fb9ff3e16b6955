// What a message tells of a request, and whether that is all of it.
import { expect, it } from 'vitest'
import { approvableInSlack } from '../../../src/notify/slack-blocks.ts'
import { tell } from '../../../src/notify/told.ts'
import { askersOwn, parameters } from '../../../src/notify/words.ts'
import { request } from '../../support/notify/told.ts'

const told = (parts: Parameters<typeof request>[0]) => tell(request(parts), { includeParameters: true })

it('a text behind EXECUTE is not in a message, so that nobody approves it there', () => {
  expect(told({})).toMatchObject({ whole: true })
  expect(told({ text: 'EXECUTE p (7)', definedBy: ['DELETE FROM t WHERE id = $1 OR true'] })).toMatchObject({
    whole: false,
  })
})

it('where names are looked for is told, and a path that is cut is no whole one', () => {
  expect(told({ path: ['other', 'public'] })).toMatchObject({
    whole: true,
    reads: ['names without a schema in other, public', 'read public.accounts'],
  })
  expect(told({ path: ['x'.repeat(300)] })).toMatchObject({ whole: false })
})

it('what leaves its mask is told in fields, and in words below what Chaperone itself says', () => {
  const copied = [{ mask: 'iban', from: 'accounts.iban', to: 'public."a\u202eb".x' }]
  const all = told({ copied, moreCopied: 2 })
  expect(all).toMatchObject({ copied, moreCopied: 2 })
  expect(askersOwn(all)).toContainEqual([
    'Copies',
    'accounts.iban to public."a\\u{202e}b".x, out of the mask iban; and 2 more',
  ])
})

it('what is left out of a list, or of a word, is said to be, and approved in the console alone', () => {
  const update = (name: string) => ({ effect: 'update' as const, relation: { schema: 'public', name } })
  const many = told({ accesses: Array.from({ length: 53 }, (_, n) => update(`t${n}`)), parameters: [] })
  expect(many.changes).toHaveLength(50)
  expect(many).toMatchObject({ moreChanges: 3, reads: [] })
  expect(askersOwn(many).find(([label]) => label === 'Changes')?.[1]).toMatch(/public\.t49 and 3 more$/)
  const long = told({ accesses: [update('x'.repeat(250))], parameters: [] })
  expect(long.changes[0]).toMatch(/x…$/)
  const copied = Array.from({ length: 9 }, (_, n) => ({
    mask: 'iban',
    from: 'accounts.iban',
    to: `s.t${n}.x`,
  }))
  for (const one of [many, told({ copied }), told({ stated: 'x'.repeat(301) })]) {
    expect(one.whole).toBe(true)
    expect(approvableInSlack(one)).toBe(false)
  }
  expect(approvableInSlack(told({}))).toBe(true)
})

it('a value that is cut is said to be', () => {
  expect(parameters(told({ parameters: [{ kind: 'text', value: `safe${' '.repeat(300)}or not` }] }))).toEqual(
    [expect.stringMatching(/^\$1 = 'safe +…$/)],
  )
})

it.each(['\n', '\n  --\n'])(
  'what a message would fold away before its buttons is approved in the console alone: %j',
  (blank) => {
    const text = `DELETE FROM t WHERE id = 1${blank.repeat(Math.floor(1900 / blank.length))} OR true`
    expect(approvableInSlack(told({ text, parameters: [] }))).toBe(false)
  },
)

it('letters that look like others are named', () => {
  expect(askersOwn(told({ text: 'UPDATE \u0430ccounts SET a = 1' }))).toContainEqual([
    'Letters',
    'beyond ASCII, which may look like others: \u0430 U+0430',
  ])
})
