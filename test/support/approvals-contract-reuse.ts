// The tests that every store of approvals passes, on requests that outlive their client and approvals that are used again.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ApprovalInput, Approvals } from '../../src/approvals/contract.ts'
import type { ApprovalSubject, Grant } from '../../src/core/approval.ts'
import type { HoldTerms } from '../../src/core/hold-terms.ts'
import type { StoreUnderTest } from './approvals-contract.ts'
import { approvalInput, reviewer } from './approvals-values.ts'

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const HOUR = 3_600_000

function withoutShape(input: ApprovalInput): ApprovalInput {
  const { shape: _, ...subject } = input.subject
  return { ...input, subject }
}

export function holdReuseToContract(name: string, start: () => Promise<StoreUnderTest>): void {
  describe(`${name} keeps the contract of approvals that are used later`, () => {
    let store: StoreUnderTest
    let one: Approvals
    let two: Approvals

    beforeAll(async () => {
      store = await start()
      one = await store.instance()
      two = await store.instance()
    })
    afterAll(() => store.stop())

    let askers = 0
    const ask = (terms: Partial<HoldTerms> = {}, parts: Partial<ApprovalSubject> = {}): ApprovalInput =>
      approvalInput(
        { principal: `https://id.example#re-asker-${++askers}`, shape: 'of an update', ...parts },
        { window: { for: HOUR, uses: 100 }, ...terms },
      )
    const other = (input: ApprovalInput, parts: Partial<ApprovalSubject>) => ({ ...input.subject, ...parts })
    const withLiteral = (input: ApprovalInput, value: string) =>
      other(input, {
        text: `UPDATE accounts SET balance = ${value}`,
        parameters: [{ kind: 'text', value }],
      })

    describe('a parked request', () => {
      it('is marked as one, from the start or later', async () => {
        expect(await one.create({ ...ask(), parked: true })).toMatchObject({ state: 'pending', parked: true })
        const { id, parked } = await one.create(ask())
        expect(parked).toBeUndefined()
        expect(await two.park(id)).toBe(true)
        expect(await one.get(id)).toMatchObject({ state: 'pending', parked: true })
      })

      it('is approved, found and consumed once by whoever comes for it', async () => {
        const input = ask()
        const { id } = await one.create({ ...input, parked: true })
        expect(await two.find(input.subject)).toMatchObject({ id, state: 'pending' })
        await two.vote(id, reviewer('ann'), 'approve')
        expect(await one.find(input.subject)).toMatchObject({ id, state: 'approved' })
        const uses = await Promise.all([one, two, one, two].map((each) => each.consume(id, input.subject)))
        expect(uses.filter((use) => use !== undefined)).toHaveLength(1)
        expect(await two.find(input.subject)).toBeUndefined()
      })

      it('cannot be made of one that was decided or withdrawn, or of none', async () => {
        const [approved, gone] = [await one.create(ask()), await one.create(ask())]
        await one.vote(approved.id, reviewer('ann'), 'approve')
        await one.withdraw(gone.id, 'x')
        for (const id of [approved.id, gone.id, 'd'.repeat(26), '']) expect(await two.park(id)).toBe(false)
      })

      it.each<[string, Partial<ApprovalSubject>]>([
        ['role', { role: 'admin' }],
        ['login', { user: 'other' }],
        ['rules or terms', { heldBy: 'others' }],
        ['place', { only: 'session:2' }],
        ['reason of its session', { sessionReason: 'CHG-2' }],
        ['policy version', { policyVersion: 'v2' }],
        ['fingerprint, as of another search_path', { fingerprint: '0a1b2c:any' }],
      ])('is not for another %s', async (_what, parts) => {
        const input = ask(
          {},
          { role: 'app', user: 'app', heldBy: 'these', only: 'session:1', sessionReason: 'CHG-1' },
        )
        const { id } = await one.create({ ...input, parked: true })
        await one.vote(id, reviewer('ann'), 'approve')
        expect(await two.find(other(input, parts))).toBeUndefined()
        expect(await two.consume(id, other(input, parts))).toBeUndefined()
        expect(await two.consume(id, input.subject)).toMatchObject({ state: 'consumed' })
      })
    })

    describe('a window', () => {
      const granted = async (input: ApprovalInput, grant: Grant) => {
        const { id } = await one.create(input)
        const vote = await two.vote(id, reviewer('ann'), 'approve', undefined, grant)
        expect(vote).toMatchObject({ kind: 'counted', request: { state: 'approved' } })
        return id
      }

      it('is good for as many statements of the shape as were granted, with any literals and parameters', async () => {
        const input = ask()
        const id = await granted(input, { for: HOUR, uses: 3 })
        for (const value of ['1', '2', '3']) {
          expect(await two.find(withLiteral(input, value))).toMatchObject({ id, state: 'approved' })
          expect(await one.consume(id, withLiteral(input, value))).toMatchObject({ id, state: 'consumed' })
        }
        expect(await one.get(id)).toMatchObject({ state: 'consumed', granted: { uses: 3, used: 3 } })
        expect(await one.consume(id, input.subject)).toBeUndefined()
        expect(await two.find(withLiteral(input, '4'))).toBeUndefined()
      })

      it('is used no more often than was granted, however many try at once', async () => {
        const input = ask()
        const id = await granted(input, { for: HOUR, uses: 7 })
        const uses = await Promise.all(
          Array.from({ length: 40 }, (_, n) =>
            (n % 2 ? one : two).consume(id, withLiteral(input, String(n))),
          ),
        )
        expect(uses.filter((use) => use !== undefined)).toHaveLength(7)
      })

      it.each<[string, Partial<ApprovalSubject>]>([
        ['another shape', { shape: 'of a delete' }],
        ['another resource', { resource: 'other' }],
        ['another database', { database: 'other' }],
        ['another principal', { principal: 'https://id.example#someone' }],
        ['another policy version', { policyVersion: 'v2' }],
        ['another role', { role: 'admin' }],
        ['another login', { user: 'other' }],
        ['other rules or terms', { heldBy: 'others' }],
        ['what is for one place alone', { only: 'session:2' }],
      ])('is not for %s', async (_what, parts) => {
        const input = ask()
        const id = await granted(input, { for: HOUR, uses: 3 })
        const subject = { ...withLiteral(input, '9'), ...parts }
        expect(await two.find(subject)).toBeUndefined()
        expect(await two.consume(id, subject)).toBeUndefined()
      })

      it('is not for what has no shape', async () => {
        const input = ask()
        const id = await granted(input, { for: HOUR, uses: 3 })
        const { subject } = withoutShape({ ...input, subject: withLiteral(input, '9') })
        expect(await two.find(subject)).toBeUndefined()
        expect(await two.consume(id, subject)).toBeUndefined()
      })

      it('ends with its time, counted from the approval, used up or not', async () => {
        const input = ask({ expiresAfter: HOUR })
        const id = await granted(input, { for: 80, uses: 3 })
        expect(await one.consume(id, withLiteral(input, '1'))).toBeDefined()
        await pause(100)
        expect(await two.consume(id, withLiteral(input, '2'))).toBeUndefined()
        expect(await two.find(withLiteral(input, '2'))).toBeUndefined()
        expect(await one.get(id)).toMatchObject({ state: 'expired', granted: { used: 1 } })
      })

      it('may last longer than the request would have waited', async () => {
        const input = ask({ expiresAfter: 60 })
        const id = await granted(input, { for: HOUR, uses: 3 })
        await pause(80)
        expect(await two.find(withLiteral(input, '1'))).toMatchObject({ id, state: 'approved' })
        expect(await two.consume(id, withLiteral(input, '1'))).toBeDefined()
      })

      it('is what all who approved have granted: the shorter time, the fewer uses', async () => {
        const input = ask({ quorum: 2 })
        const { id } = await one.create(input)
        await one.vote(id, reviewer('ann'), 'approve', undefined, { for: HOUR, uses: 2 })
        const vote = await two.vote(id, reviewer('bob'), 'approve', undefined, { for: 60_000, uses: 50 })
        if (vote.kind !== 'counted') throw new Error('refused')
        const { granted: window, votes } = vote.request
        expect(window).toEqual({ until: (votes[1]?.at ?? 0) + 60_000, uses: 2, used: 0 })
      })

      it('is none when one of them meant a single execution', async () => {
        const input = ask({ quorum: 2 })
        const { id } = await one.create(input)
        await one.vote(id, reviewer('ann'), 'approve', undefined, { for: HOUR, uses: 2 })
        await two.vote(id, reviewer('bob'), 'approve')
        expect(await one.consume(id, withLiteral(input, '1'))).toBeUndefined()
        expect(await one.consume(id, input.subject)).toMatchObject({ state: 'consumed' })
        expect(await one.consume(id, input.subject)).toBeUndefined()
      })

      it.each<[string, Grant]>([
        ['longer than the rule permits', { for: HOUR + 1, uses: 1 }],
        ['for more uses than the rule permits', { for: HOUR, uses: 101 }],
        ['of no use', { for: HOUR, uses: 0 }],
        ['of no time', { for: 0, uses: 1 }],
        ['of half a use', { for: HOUR, uses: 1.5 }],
        ['without end', { for: Number.POSITIVE_INFINITY, uses: 1 }],
      ])('%s cannot be granted', async (_what, grant) => {
        const { id } = await one.create(ask())
        expect(await two.vote(id, reviewer('ann'), 'approve', undefined, grant)).toEqual({
          kind: 'refused',
          refusal: 'window-refused',
        })
        expect(await one.get(id)).toMatchObject({ state: 'pending', votes: [] })
      })

      it('cannot be granted for what has no shape, or is for one place alone', async () => {
        const grant = { for: HOUR, uses: 2 }
        const inputs = [withoutShape(ask()), ask({}, { only: 'session:1' })]
        for (const input of inputs) {
          const { id } = await one.create(input)
          expect(await two.vote(id, reviewer('ann'), 'approve', undefined, grant)).toMatchObject({
            refusal: 'window-refused',
          })
        }
      })

      it('that is withdrawn has no uses left', async () => {
        const input = ask()
        const id = await granted(input, { for: HOUR, uses: 3 })
        await one.consume(id, withLiteral(input, '1'))
        expect(await two.withdraw(id, 'no longer needed')).toBe(true)
        expect(await one.consume(id, withLiteral(input, '2'))).toBeUndefined()
        expect(await one.find(withLiteral(input, '2'))).toBeUndefined()
      })

      it('stands behind an approval for exactly the statement, and before a pending request for it', async () => {
        const input = ask()
        const id = await granted(input, { for: HOUR, uses: 3 })
        const exact = { ...input, subject: withLiteral(input, '5') }
        const pending = await one.create(exact)
        expect(await two.find(exact.subject)).toMatchObject({ id })
        await one.vote(pending.id, reviewer('ann'), 'approve')
        expect(await two.find(exact.subject)).toMatchObject({ id: pending.id })
      })
    })
  })
}
