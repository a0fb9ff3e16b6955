// Which lockdowns a text has, above all one that is refused as a configuration.
import { describe, expect, it } from 'vitest'
import { isLockedBy, lockdownsIn, lockdownWarnings } from '../../../src/config/lockdown.ts'
import { GOOD_CONFIG, parse, problemsOf } from '../../support/config.ts'

const EVERYTHING = { resources: '*', sessions: 'refuse' }
const of = (lockdown: string, more = '') => lockdownsIn(`${more}\nlockdown: ${lockdown}\n`)

describe('of a text that is refused', () => {
  it.each([
    ['by an unknown key', 'versoin: 1'],
    ['by a rule that means nothing', 'policies: { r: { decision: alow } }'],
    ['by a name that is not there', 'masks: { m: { resources: [nothing] } }'],
    ['by YAML that is broken before it', 'policies:\n  - a\n b: [c'],
    ['by a key that comes twice', 'version: 1\nversion: 1'],
  ])('%s, the lockdown is read', (_, more) => {
    const [found, ...others] = of('{ resources: [orders], sessions: end, reason: INC-42 }', more)
    expect(others).toEqual([])
    expect(found).toBeDefined()
    expect(found && isLockedBy(found, 'orders')).toBe(true)
  })

  it('one that is whole is taken as it is', () => {
    expect(of('{ resources: [a, "b-*"], except_groups: [sec] }', 'versoin: 1')).toEqual([
      { resources: ['a', 'b-*'], sessions: 'refuse', except_groups: ['sec'] },
    ])
  })

  it.each([
    ['an unknown key', '{ resource: [orders] }', {}],
    ['a resource that cannot be one', '{ resources: [Orders.Db] }', {}],
    ['nothing in it', '', {}],
    ['a list in its place', '[orders]', {}],
    ['no resource at all', '{ resources: [] }', {}],
    ['an exception that is none', '{ resources: [orders], except_groups: sec }', {}],
    ['a misspelt choice beside a reason', '{ sessions: stop, reason: INC-42 }', { reason: 'INC-42' }],
    ['a broken rest beside an end', '{ sessions: end, except_groups: [] }', { sessions: 'end' }],
  ])('one that has %s is of everything, and excepts nobody', (_, text, kept) => {
    expect(of(text)).toEqual([{ ...EVERYTHING, ...kept }])
  })

  it('two of them both count', () => {
    expect(lockdownsIn('lockdown: { resources: [a] }\nlockdown: { resources: [b] }\n')).toHaveLength(2)
  })

  it('a quote that is not closed before it hides none', () => {
    expect(lockdownsIn('version: "1\nlockdown: { resources: [orders] }\n')).toEqual([EVERYTHING])
  })

  it.each([
    ['there is no such key', 'version: 2'],
    ['it is a comment', '# lockdown: {}\nversion: 2'],
    ['it is a key of something else', 'policies:\n  lockdown: { decision: deny }'],
  ])('none where %s', (_, text) => {
    expect(lockdownsIn(text)).toEqual([])
  })
})

describe('of a text that is good', () => {
  it('a pattern that is for no resource is told, and refuses nothing', () => {
    const config = parse(`${GOOD_CONFIG}lockdown: { resources: [orders, ordres] }\n`)
    expect(lockdownWarnings(config)).toEqual([
      expect.objectContaining({
        path: ['lockdown', 'resources', 1],
        message: expect.stringContaining('no resource is called ordres'),
      }),
    ])
  })

  it('what cannot be a lockdown is a problem with its place', () => {
    expect(problemsOf(`${GOOD_CONFIG}lockdown: { resource: orders }\n`)).toMatchObject([
      { path: 'lockdown.resource', message: expect.stringContaining('unknown key') },
    ])
  })
})
