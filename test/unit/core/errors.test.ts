// What people are told of a connection that failed, whoever tried it.
import { connect, createServer, type LookupFunction } from 'node:net'
import { expect, it } from 'vitest'
import { fetchFailedBecause, unreachedBecause } from '../../../src/core/errors.ts'

/** As of `localhost` on most machines. */
const twoAddresses: LookupFunction = (_, __, done) => {
  done(null, [
    { address: '127.0.0.1', family: 4 },
    { address: '127.0.0.2', family: 4 },
  ])
}

/** Nobody listens on it. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}

it('a name of which no address answers is told with what the first said', async () => {
  const port = await freePort()
  const options = { port, host: 'name.example', lookup: twoAddresses, autoSelectFamily: true }
  const error = await new Promise<Error>((resolve) => connect(options).once('error', resolve))
  expect(error.message).toBe('')
  expect(unreachedBecause(error)).toBe(`connect ECONNREFUSED 127.0.0.1:${port}`)
  const ofFetch = new TypeError('fetch failed', { cause: error })
  expect(fetchFailedBecause(ofFetch)).toBe(`connect ECONNREFUSED 127.0.0.1:${port}`)
})

it('fetch is told with its cause, and where that says nothing, in its own words', async () => {
  const port = await freePort()
  const error: unknown = await fetch(`http://127.0.0.1:${port}`).catch((reason: unknown) => reason)
  expect(fetchFailedBecause(error)).toBe(`connect ECONNREFUSED 127.0.0.1:${port}`)
  expect(fetchFailedBecause(new TypeError('fetch failed', { cause: new Error('') }))).toBe('fetch failed')
  expect(fetchFailedBecause('no more')).toBe('no more')
})
