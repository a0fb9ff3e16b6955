import { expect, it } from 'vitest'
import { severalAddresses } from '../../../src/cli/listening.ts'

const both = async () => ['::1', '127.0.0.1']

it('a name with several addresses is told with all of them', async () => {
  expect(await severalAddresses('admin.address', 'localhost:9990', both)).toBe(
    'admin.address: localhost has the addresses ::1, 127.0.0.1, of which only one is listened on; name the one that is meant',
  )
})

it.each(['127.0.0.1:1', '[::1]:1', 'unix:/run/chaperone/processor.sock'])(
  'nothing is told of %s',
  async (address) => {
    expect(await severalAddresses('processor.address', address, both)).toBeUndefined()
  },
)

it('nothing is told of a name that has one address, or none', async () => {
  expect(
    await severalAddresses('admin.address', 'db:1', async () => ['10.0.0.1', '10.0.0.1']),
  ).toBeUndefined()
  expect(await severalAddresses('admin.address', 'no.such.name.invalid:1')).toBeUndefined()
})
