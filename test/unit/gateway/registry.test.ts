// Cancel requests: found by their whole key, for their own resource, and not more of them than a target is to get.
import { expect, it } from 'vitest'
import { cancelSession, createRegistry, type LiveSession } from '../../../src/gateway/registry.ts'

const KEY = Buffer.from('0000000701020304', 'hex')
const SERVER_KEY = Buffer.from('0000002a0a0b0c0d', 'hex')

function cancelable(now: () => number, holds = false) {
  const registry = createRegistry(now)
  let held = 0
  const session: LiveSession = {
    id: 'one',
    resource: 'app',
    principal: 'ann',
    serverKey: SERVER_KEY,
    view: () => undefined,
    cancelHold() {
      held += 1
      return holds
    },
    canceled: () => undefined,
    policyChanged: () => undefined,
    stop: () => undefined,
    takenIn: () => 0,
    refuse: () => undefined,
  }
  registry.add(session)
  registry.setCancelKey(session, KEY)
  const cancel = (key: Uint8Array = KEY, resource = 'app') => cancelSession(registry, resource, key)
  return { cancel, held: () => held }
}

it('a key that is shorter, longer or another, or comes to another resource, finds nothing', () => {
  const { cancel } = cancelable(() => 0)
  for (const key of [KEY.subarray(0, 4), KEY.subarray(0, 7), Buffer.concat([KEY, Buffer.alloc(28)])])
    expect(cancel(key)).toBe('unknown')
  expect(cancel(Buffer.from('0000000701020305', 'hex'))).toBe('unknown')
  expect(cancel(KEY, 'other')).toBe('unknown')
  expect(cancel()).toEqual(SERVER_KEY)
})

it('of many at once the target gets twenty, and ten a second after that', () => {
  let time = 0
  const { cancel } = cancelable(() => time)
  const reached = () => Array.from({ length: 100 }, () => cancel()).filter((one) => one !== undefined).length
  expect(reached()).toBe(20)
  time += 1000
  expect(reached()).toBe(10)
})

it('what waits for approval is withdrawn however many there were', () => {
  const { cancel, held } = cancelable(() => 0, true)
  for (let n = 0; n < 100; n += 1) expect(cancel()).toBeUndefined()
  expect(held()).toBe(100)
})
