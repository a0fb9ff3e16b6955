// trusted_functions: what no function can be called is refused, rather than never found.
import { expect, it } from 'vitest'
import { trustedFunction } from '../../../src/config/trusted-function.ts'

const message = (text: string) => trustedFunction.safeParse(text).error?.issues[0]?.message

it.each([
  'app.f',
  'app.f()',
  'app.f(integer, text)',
  'app.f (character varying, timestamp  with time zone[], app.kind[], "My Type")',
  'app.odd name(int)',
  'My Schema.f',
  'app.f("a (b), c", integer)',
])('%s is taken', (text) => {
  expect(message(text)).toBeUndefined()
})

it.each([
  'f',
  'f(integer)',
  'app.public.f',
  '"app".f',
  'app.*',
  'app.f(integer',
  'app.f)',
  ' app.f',
  'app.',
  '.f',
  'app.f ',
])('%s has no schema and name', (text) => {
  expect(message(text)).toContain('needs schema.name')
})

it.each(['app.g(inte ger)', 'app.f(numeric(10,2))', 'app.g(a integer)', 'app.g(integer,)', 'app.g(INTEGER)'])(
  '%s has no types',
  (text) => {
    expect(message(text)).toContain('needs types alone')
  },
)
