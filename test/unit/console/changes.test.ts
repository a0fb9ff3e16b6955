import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ApprovalStoreError, type Approvals } from '../../../src/approvals/contract.ts'
import { createMemoryApprovals } from '../../../src/approvals/memory.ts'
import {
  type ApprovalChanges,
  type ChangesListener,
  createApprovalChanges,
} from '../../../src/console/changes.ts'
import { approvalInput, reviewer } from '../../support/approvals-values.ts'

describe('changes of the store of approvals', () => {
  let store: Approvals
  let looks: number
  /** ids of the requests that were read */
  let read: string[]
  let away: boolean
  let changes: ApprovalChanges

  beforeEach(() => {
    vi.useFakeTimers()
    store = createMemoryApprovals()
    looks = 0
    away = false
    read = []
    const look: Approvals['look'] = async (seen, visit) => {
      looks += 1
      if (away) throw new ApprovalStoreError('unavailable', 'away')
      return store.look(seen, (request) => {
        read.push(request.id)
        visit(request)
      })
    }
    changes = createApprovalChanges({ ...store, look })
  })
  afterEach(async () => {
    changes.close()
    await store.close()
    vi.useRealTimers()
  })

  const create = async (...parts: Parameters<typeof approvalInput>) =>
    (await store.create(approvalInput(...parts))).id
  const tick = () => vi.advanceTimersByTimeAsync(1000)
  /** A listener and what it was told, in words. */
  const listener = (parts: Partial<ChangesListener> = {}) => {
    const told: string[] = []
    const one: ChangesListener = {
      principal: 'ann',
      maySee: () => true,
      present: (requests) => told.push(`present ${requests.map(({ id }) => id).join(' ')}`.trim()),
      changed: ({ kind, request }) => told.push(`${kind} ${request.id} ${request.state}`),
      trouble: (lasts) => told.push(lasts ? 'trouble' : 'well'),
      ended: () => told.push('ended'),
      ...parts,
    }
    return { one, told }
  }

  it('are looked for only while somebody listens', async () => {
    await vi.advanceTimersByTimeAsync(5000)
    expect(looks).toBe(0)
    const stop = await changes.listen(listener().one)
    await vi.advanceTimersByTimeAsync(3000)
    expect(looks).toBe(4)
    stop()
    await vi.advanceTimersByTimeAsync(5000)
    expect(looks).toBe(4)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('are told once each: a new request, a vote, another state', async () => {
    const { one, told } = listener()
    const first = await create({}, { quorum: 2 })
    await changes.listen(one)
    const second = await create({ text: 'DELETE FROM accounts' })
    await tick()
    await store.vote(first, reviewer('ann'), 'approve')
    await tick()
    await store.vote(first, reviewer('bob'), 'approve')
    await store.withdraw(second, 'left')
    await tick()
    await tick()
    expect(told).toEqual([
      `present ${first}`,
      `requested ${second} pending`,
      `voted ${first} pending`,
      `changed ${first} approved`,
      `changed ${second} withdrawn`,
    ])
  })

  it('alone are read, once: what stays as it is, or had ended before, costs nothing but its mark', async () => {
    const [ended, first, second] = [await create(), await create(), await create()]
    await store.withdraw(ended, 'over')
    await changes.listen(listener().one)
    expect(read.splice(0)).toEqual([second, first])
    await tick()
    expect(read).toEqual([])
    await store.vote(first, reviewer('ann'), 'deny')
    await tick()
    await tick()
    expect(read.splice(0)).toEqual([first])
    const { one, told } = listener()
    await changes.listen(one)
    expect(read).toEqual([])
    expect(told).toEqual([`present ${second} ${first} ${ended}`])
  })

  it('that come in the moment in which somebody joins are told once, and none is lost', async () => {
    const id = await create({}, { quorum: 2 })
    let joins = async (): Promise<void> => undefined
    const list: Approvals['list'] = async (filter) => {
      await joins()
      return store.list(filter)
    }
    const look: Approvals['look'] = (seen, visit) => store.look(seen, visit)
    changes = createApprovalChanges({ ...store, look, list })
    const [early, late] = [listener(), listener()]
    await changes.listen(early.one)
    let other = ''
    joins = async () => {
      other = await create()
      await store.vote(id, reviewer('ann'), 'approve')
    }
    await changes.listen(late.one)
    await store.vote(id, reviewer('bob'), 'approve')
    await tick()
    await tick()
    expect(early.told).toEqual([`present ${id}`, `changed ${id} approved`, `requested ${other} pending`])
    expect(late.told).toEqual([`present ${other} ${id}`, `changed ${id} approved`])
  })

  it('that come in one second are told oldest first', async () => {
    const { one, told } = listener()
    await changes.listen(one)
    const ids = [await create(), await create(), await create()]
    await tick()
    expect(told).toEqual(['present', ...ids.map((id) => `requested ${id} pending`)])
  })

  it('include an expiry, which nobody causes', async () => {
    const { one, told } = listener()
    const id = await create({}, { expiresAfter: 2500 })
    await changes.listen(one)
    await vi.advanceTimersByTimeAsync(4000)
    expect(told).toEqual([`present ${id}`, `changed ${id} expired`])
  })

  it('of a filter are those that fit before or after', async () => {
    const { one, told } = listener({ filter: { state: 'pending', resource: 'orders', limit: 1 } })
    const id = await create()
    await create({ resource: 'other' })
    await changes.listen(one)
    await create({ resource: 'other' })
    await store.vote(id, reviewer('ann'), 'approve')
    await tick()
    await store.withdraw(id, 'left')
    await tick()
    expect(told).toEqual([`present ${id}`, `changed ${id} approved`])
  })

  it('are told only of what the listener may see', async () => {
    const { one, told } = listener({ maySee: ({ resource }) => resource === 'mine' })
    await create()
    const mine = await create({ resource: 'mine' })
    await changes.listen(one)
    await create()
    await store.withdraw(mine, 'left')
    await tick()
    expect(told).toEqual([`present ${mine}`, `changed ${mine} withdrawn`])
  })

  it('of somebody who comes later begin with what is present then', async () => {
    await changes.listen(listener().one)
    const id = await create()
    await vi.advanceTimersByTimeAsync(500)
    const { one, told } = listener({ principal: 'bob' })
    await changes.listen(one)
    await tick()
    expect(told).toEqual([`present ${id}`])
  })

  it('go on after the store was away, and nothing that happened meanwhile is lost', async () => {
    const { one, told } = listener()
    await changes.listen(one)
    away = true
    const id = await create()
    await vi.advanceTimersByTimeAsync(3000)
    away = false
    await tick()
    expect(told).toEqual(['present', 'trouble', 'well', `requested ${id} pending`])
  })

  it('tell an open request that the store forgot as withdrawn', async () => {
    const { one, told } = listener()
    const id = await create()
    await changes.listen(one)
    await store.close()
    store = createMemoryApprovals()
    await tick()
    await tick()
    expect(told).toEqual([`present ${id}`, `changed ${id} withdrawn`])
  })

  it('are looked for again after a second when the store took long to say that it is away', async () => {
    await changes.listen(listener().one)
    const slowlyAway: Approvals['look'] = async () => {
      looks += 1
      await new Promise((resolve) => setTimeout(resolve, 2000))
      throw new ApprovalStoreError('unavailable', 'away')
    }
    store = { ...store, look: slowlyAway }
    looks = 0
    await vi.advanceTimersByTimeAsync(7100)
    // each look counts twice, in the wrapper and here: at 1, 4 and 7 s
    expect(looks).toBe(6)
  })

  it('cannot be listened to while the store is away', async () => {
    away = true
    await expect(changes.listen(listener().one)).rejects.toMatchObject({ code: 'unavailable' })
    expect(vi.getTimerCount()).toBe(0)
    expect(changes.listeners()).toBe(0)
  })

  it('have 8 listeners of one person and 64 in all', async () => {
    const of = (principal: string) => changes.listen(listener({ principal }).one)
    const stops = await Promise.all(Array.from({ length: 8 }, () => of('ann')))
    await expect(of('ann')).rejects.toMatchObject({ code: 'too-many-listeners' })
    stops[0]?.()
    stops[1]?.()
    // counted also before the first look has answered
    const atOnce = await Promise.allSettled([of('ann'), of('ann'), of('ann')])
    expect(atOnce.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
    await Promise.all(Array.from({ length: 56 }, (_, n) => of(`person ${n}`)))
    await expect(of('somebody else')).rejects.toMatchObject({ code: 'too-many-listeners' })
  })

  it('are told no more to whoever stops in the middle of them', async () => {
    const told: string[] = []
    let stop = (): void => undefined
    const changed: ChangesListener['changed'] = ({ request }) => {
      told.push(request.id)
      stop()
    }
    stop = await changes.listen(listener({ changed }).one)
    const id = await create()
    await create()
    await tick()
    expect(told).toEqual([id])
  })

  it('end with the server, for whoever listens and whoever would', async () => {
    const { one, told } = listener()
    await changes.listen(one)
    const late = changes.listen(listener().one)
    changes.close()
    await expect(late).rejects.toMatchObject({ code: 'closed' })
    await expect(changes.listen(listener().one)).rejects.toMatchObject({ code: 'closed' })
    expect(told).toEqual(['present', 'ended'])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('take no more than a tenth of the time to look for', async () => {
    const slow: Approvals['look'] = async () => {
      looks += 1
      await new Promise((resolve) => setTimeout(resolve, 500))
      return new Map()
    }
    changes = createApprovalChanges({ ...store, look: slow })
    const entered = changes.listen(listener().one)
    await vi.advanceTimersByTimeAsync(500)
    await entered
    await vi.advanceTimersByTimeAsync(4400)
    expect(looks).toBe(1)
    await vi.advanceTimersByTimeAsync(200)
    expect(looks).toBe(2)
  })
})
