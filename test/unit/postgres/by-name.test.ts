// Values by the name of a prepared statement or portal.
import { expect, it } from 'vitest'
import { ByName } from '../../../src/protocols/postgres/by-name.ts'

const entriesOf = (names: ByName<number>) => {
  const entries: [string, number][] = []
  names.each((name, value) => {
    entries.push([name, value])
  })
  return entries
}

it('the unnamed one is one name among the others', () => {
  const names = new ByName<number>()
  names.set('', 1)
  names.set('a', 2)
  names.set('', 0)
  expect([names.get(''), names.get('a'), names.get('b'), names.size()]).toEqual([0, 2, undefined, 2])
  expect(entriesOf(names)).toEqual([
    ['', 0],
    ['a', 2],
  ])
  names.delete('')
  expect([names.get(''), names.size()]).toEqual([undefined, 1])
  names.delete('a')
  expect(entriesOf(names)).toEqual([])
})

it('names may be deleted while they are gone through', () => {
  const names = new ByName<number>()
  for (const [at, name] of ['', 'a', 'b'].entries()) names.set(name, at)
  names.each((name) => names.delete(name))
  expect(names.size()).toBe(0)
})
