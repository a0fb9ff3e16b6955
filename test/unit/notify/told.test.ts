// What a message tells of a request, and whether that is all of it.
import { expect, it } from 'vitest'
import { tell } from '../../../src/notify/told.ts'
import { askersOwn } from '../../../src/notify/words.ts'
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
