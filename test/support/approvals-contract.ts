// The tests that every store of approvals passes.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ApprovalInput, Approvals } from '../../src/approvals/contract.ts'
import type { RequestHead } from '../../src/approvals/head.ts'
import { MAX_OPEN_PER_PRINCIPAL, MAX_REQUEST_BYTES } from '../../src/approvals/limits.ts'
import type { ApprovalRequest, ApprovalSubject, Vote } from '../../src/core/approval.ts'
import type { HoldTerms } from '../../src/core/hold-terms.ts'
import { aliasesOf } from '../../src/core/principal.ts'
import { DAYS, type TimeWindow } from '../../src/core/time-window.ts'
import { approvalInput, reviewer, subject } from './approvals-values.ts'

/** Makes instances that share one store, as several processes would; an embedded store gives the same one. */
export interface StoreUnderTest {
  instance(): Promise<Approvals>
  stop(): Promise<void>
}

const never = () => new AbortController().signal
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** A day that is two away: DAYS begins with Monday, getUTCDay with Sunday. */
function closedNow(): TimeWindow {
  return { time_zone: 'UTC', days: [DAYS[(new Date().getUTCDay() + 1) % 7] ?? 'mon'] }
}

export function holdToContract(name: string, start: () => Promise<StoreUnderTest>): void {
  describe(`${name} keeps the contract of approvals`, () => {
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
    /** Each test has an asker of its own: limits are per principal. */
    const ask = (terms: Partial<HoldTerms> = {}, parts: Partial<ApprovalSubject> = {}): ApprovalInput =>
      approvalInput({ principal: `https://id.example#asker-${++askers}`, ...parts }, terms)

    describe('a new request', () => {
      it('is pending, has no votes, and gives back everything that was asked', async () => {
        const input = ask({ quorum: 2, expiresAfter: 60_000 })
        const request = await one.create(input)
        expect(request).toMatchObject({
          ...input.subject,
          state: 'pending',
          votes: [],
          quorum: 2,
          rules: input.rules,
        })
        expect(request.accesses).toEqual(input.accesses)
        expect(request.functions).toEqual(input.functions)
        expect([request.behind, request.moreBehind]).toEqual([input.behind, input.moreBehind])
        expect([request.masked, request.moreMasked]).toEqual([input.masked, input.moreMasked])
        expect([request.copied, request.moreCopied]).toEqual([input.copied, input.moreCopied])
        expect(request.moreFunctions).toBe(input.moreFunctions)
        expect(request.expiresAt - request.createdAt).toBe(60_000)
        expect(await two.get(request.id)).toEqual(request)
      })

      it('has an id of 128 random bits in base32', async () => {
        const input = ask()
        const ids = await Promise.all(Array.from({ length: 20 }, async () => (await one.create(input)).id))
        expect(new Set(ids).size).toBe(20)
        for (const id of ids) expect(id).toMatch(/^[a-z2-7]{26}$/)
      })

      it.each<[string, Partial<HoldTerms>]>([
        ['without approvers', { approvers: [] }],
        ['with a quorum of nobody', { quorum: 0 }],
        ['with other people than its quorum', { each: [{ groups: ['reviewers'], people: 2 }] }],
        ['with a window of no use', { window: { for: 1, uses: 0 } }],
        ['with a quorum that is not a number', { quorum: Number.NaN }],
        ['that never expires', { expiresAfter: Number.POSITIVE_INFINITY }],
        ['that is expired from the start', { expiresAfter: 0 }],
      ])('%s is refused', async (_what, terms) => {
        await expect(one.create(ask(terms))).rejects.toMatchObject({ code: 'invalid-terms' })
      })

      it('that nobody could read is refused', async () => {
        const input = ask({}, { text: `SELECT '${'x'.repeat(MAX_REQUEST_BYTES)}'` })
        await expect(one.create(input)).rejects.toMatchObject({ code: 'too-large' })
      })

      it('is refused when its principal has too many open, until one of them is settled', async () => {
        const input = ask()
        const requests = []
        for (let n = 0; n < MAX_OPEN_PER_PRINCIPAL; n++) requests.push(await one.create(input))
        await expect(two.create(input)).rejects.toMatchObject({ code: 'full' })
        await expect(two.create(ask())).resolves.toMatchObject({ state: 'pending' })
        await one.withdraw(requests[0]?.id ?? '', 'room')
        await expect(two.create(input)).resolves.toMatchObject({ state: 'pending' })
      })

      it('is refused when those of its principal are too long in all, and others go on', async () => {
        const input = ask({}, { text: 'x'.repeat(500 * 1024) })
        const requests = []
        for (let n = 0; n < 16; n++) requests.push(await one.create(input))
        await expect(two.create(input)).rejects.toMatchObject({ code: 'full' })
        await expect(two.create({ ...input, subject: ask().subject })).resolves.toMatchObject({
          state: 'pending',
        })
        for (const { id } of requests) await one.withdraw(id, 'room')
        await expect(two.create(input)).resolves.toMatchObject({ state: 'pending' })
      })

      it('keeps every character of statement and parameters', async () => {
        const text = "SELECT '\u0000\u001b[31m \"\\ \ud800 日本 🦉\r\n\u2028'"
        const parameters = [
          { kind: 'text', value: '{}"\u0001' },
          { kind: 'null' },
          { kind: 'binary', hex: '00ff', type: 23 },
        ] as const
        const { id } = await one.create(ask({}, { text, parameters }))
        expect(await two.get(id)).toMatchObject({ text, parameters })
      })
    })

    describe('a vote', () => {
      it('approves once the quorum of distinct people is there', async () => {
        const { id } = await one.create(ask({ quorum: 2 }))
        const first = await one.vote(id, reviewer('ann'), 'approve', 'fine')
        expect(first).toMatchObject({ kind: 'counted', request: { state: 'pending' } })
        const second = await two.vote(id, reviewer('bob'), 'approve')
        expect(second).toMatchObject({ kind: 'counted', request: { state: 'approved' } })
        const votes = (await one.get(id))?.votes ?? []
        expect(votes.map((vote) => [vote.reviewerName, vote.verdict, vote.reason])).toEqual([
          ['ann', 'approve', 'fine'],
          ['bob', 'approve', undefined],
        ])
      })

      it('of the same person counts once', async () => {
        const { id } = await one.create(ask({ quorum: 2 }))
        await one.vote(id, reviewer('ann'), 'approve')
        expect(await two.vote(id, reviewer('ann'), 'approve')).toEqual({
          kind: 'refused',
          refusal: 'already-voted',
        })
        expect(await one.get(id)).toMatchObject({ state: 'pending' })
      })

      it('of the same name at another issuer is another person’s', async () => {
        const { id } = await one.create(ask({ quorum: 2 }))
        await one.vote(id, reviewer('ann'), 'approve')
        const other = { ...reviewer('ann'), issuer: 'https://other.example' }
        expect(await one.vote(id, other, 'approve')).toMatchObject({ request: { state: 'approved' } })
      })

      it('to deny denies, whatever others approved', async () => {
        const { id } = await one.create(ask({ quorum: 3 }))
        await one.vote(id, reviewer('ann'), 'approve')
        await two.vote(id, reviewer('bob'), 'deny', 'no')
        expect(await one.get(id)).toMatchObject({ state: 'denied' })
        expect(await one.vote(id, reviewer('cay'), 'approve')).toEqual({
          kind: 'refused',
          refusal: 'already-decided',
        })
      })

      it('of the asker is refused, also to deny, also when the asker is an approver', async () => {
        const asker = reviewer('ann')
        const { id } = await one.create(ask({}, { principal: `${asker.issuer}#${asker.subject}` }))
        for (const verdict of ['approve', 'deny'] as const) {
          expect(await one.vote(id, asker, verdict)).toEqual({ kind: 'refused', refusal: 'own-request' })
        }
        expect(await one.get(id)).toMatchObject({ state: 'pending', votes: [] })
        await one.withdraw(id, 'done')
      })

      it('of the asker’s second account is refused, where both have one verified e-mail address', async () => {
        const mail = { email: 'Ann@Example.com', email_verified: true }
        const { id } = await one.create({ ...ask(), aliases: aliasesOf({ claims: mail }) })
        const second = { ...reviewer('admin-ann'), issuer: 'https://other.example' }
        const claims = { email: 'ann@example.com', email_verified: true }
        expect(await one.vote(id, { ...second, claims }, 'approve')).toEqual({
          kind: 'refused',
          refusal: 'own-request',
        })
        expect(
          await one.vote(id, { ...second, claims: { ...claims, email_verified: false } }, 'approve'),
        ).toMatchObject({ kind: 'counted' })
      })

      it('of one person under two accounts with one verified e-mail address counts once', async () => {
        const { id } = await one.create(ask({ quorum: 2 }))
        const claims = { email: 'ann@example.com', email_verified: true }
        await one.vote(id, { ...reviewer('ann'), claims }, 'approve')
        const second = { ...reviewer('ann2'), issuer: 'https://other.example', claims }
        expect(await two.vote(id, second, 'approve')).toEqual({ kind: 'refused', refusal: 'already-voted' })
      })

      it('fills one place of one group, whatever the groups of its voter', async () => {
        const each = [
          { groups: ['dba'], people: 1 },
          { groups: ['security'], people: 1 },
        ]
        const { id } = await one.create(ask({ approvers: ['dba', 'security'], quorum: 2, each }))
        const member = (name: string, ...groups: string[]) => ({ ...reviewer(name), groups })
        const first = await one.vote(id, member('ann', 'dba', 'security'), 'approve')
        expect(first).toMatchObject({ kind: 'counted', request: { state: 'pending' } })
        const second = await two.vote(id, member('bob', 'dba'), 'approve')
        expect(second).toMatchObject({ kind: 'counted', request: { state: 'approved' } })
      })

      it('to approve is refused where its places are filled, and to deny is not', async () => {
        const each = [
          { groups: ['dba'], people: 1 },
          { groups: ['security'], people: 1 },
        ]
        const { id } = await one.create(ask({ approvers: ['dba', 'security'], quorum: 2, each }))
        const dba = (name: string) => ({ ...reviewer(name), groups: ['dba'] })
        await one.vote(id, dba('ann'), 'approve')
        expect(await two.vote(id, dba('bob'), 'approve')).toEqual({ kind: 'refused', refusal: 'not-needed' })
        expect(await two.vote(id, dba('bob'), 'deny')).toMatchObject({ request: { state: 'denied' } })
      })

      it('to approve is taken in the hours of the rule only, and to deny at any time', async () => {
        const approveWhen = [closedNow()]
        const { id } = await one.create(ask({ approveWhen }))
        expect(await one.vote(id, reviewer('ann'), 'approve')).toEqual({
          kind: 'refused',
          refusal: 'not-now',
        })
        expect(await one.vote(id, reviewer('ann'), 'deny')).toMatchObject({ request: { state: 'denied' } })
      })

      it('is not to approve in hours of a time zone that is not known, and is to deny', async () => {
        const approveWhen = [{ time_zone: 'Mars/Olympus_Mons' }]
        const { id } = await one.create(ask({ approveWhen }))
        const refused = { kind: 'refused', refusal: 'not-now' }
        expect(await one.vote(id, reviewer('ann'), 'approve')).toEqual(refused)
        expect(await one.vote(id, reviewer('ann'), 'deny')).toMatchObject({ request: { state: 'denied' } })
      })

      it('that grants a window is refused where the rule has none', async () => {
        const { id } = await one.create(ask())
        const grant = { for: 60_000, uses: 2 }
        expect(await one.vote(id, reviewer('ann'), 'approve', undefined, grant)).toEqual({
          kind: 'refused',
          refusal: 'window-refused',
        })
      })

      it('of somebody in no approver group is refused', async () => {
        const { id } = await one.create(ask())
        const outsider = { ...reviewer('eve'), groups: ['reviewer', 'REVIEWERS', 'reviewers '] }
        expect(await one.vote(id, outsider, 'approve')).toEqual({
          kind: 'refused',
          refusal: 'not-an-approver',
        })
      })

      it('of a workload is refused, whatever its groups', async () => {
        const { id } = await one.create(ask())
        const workload = { ...reviewer('robot'), kind: 'workload' as const }
        expect(await one.vote(id, workload, 'approve')).toEqual({ kind: 'refused', refusal: 'not-a-person' })
      })

      it('on a request that is not there is refused', async () => {
        expect(await one.vote('a'.repeat(26), reviewer('ann'), 'approve')).toEqual({
          kind: 'refused',
          refusal: 'not-found',
        })
      })

      it('comes too late once the request expired', async () => {
        const { id } = await one.create(ask({ expiresAfter: 30 }))
        await pause(45)
        expect(await two.vote(id, reviewer('ann'), 'approve')).toEqual({
          kind: 'refused',
          refusal: 'already-decided',
        })
        expect(await one.get(id)).toMatchObject({ state: 'expired', votes: [] })
      })
    })

    describe('an approval', () => {
      const approved = async (input: ApprovalInput) => {
        const { id } = await one.create(input)
        await two.vote(id, reviewer('ann'), 'approve')
        return id
      }

      it('is consumed exactly once, however many try at once', async () => {
        const input = ask()
        const id = await approved(input)
        const tries = await Promise.all(
          Array.from({ length: 40 }, (_, n) => (n % 2 ? one : two).consume(id, input.subject)),
        )
        expect(tries.filter((request) => request !== undefined)).toHaveLength(1)
        expect(await one.get(id)).toMatchObject({ state: 'consumed' })
      })

      it.each<[string, Partial<ApprovalSubject>]>([
        ['another resource', { resource: 'other' }],
        ['another principal', { principal: 'https://id.example#someone' }],
        ['another text', { text: 'UPDATE accounts SET balance = $1 WHERE id = 8' }],
        ['text with one more space', { text: `${subject().text} ` }],
        ['another parameter', { parameters: [{ kind: 'text', value: '101' }] }],
        ['one more parameter', { parameters: [...subject().parameters, { kind: 'null' }] }],
        ['no parameter', { parameters: [] }],
        ['a parameter of another format', { parameters: [{ kind: 'binary', hex: '100' }] }],
        ['another fingerprint', { fingerprint: 'ffff' }],
        ['another policy version', { policyVersion: 'v2' }],
      ])('is not for %s', async (_what, difference) => {
        const input = ask()
        const id = await approved(input)
        expect(await one.consume(id, { ...input.subject, ...difference })).toBeUndefined()
        expect(await one.consume(id, input.subject)).toMatchObject({ id, state: 'consumed' })
      })

      it('does not exist while the request is pending, denied, withdrawn or unknown', async () => {
        const input = ask()
        const [pending, denied, withdrawn] = [
          await one.create(input),
          await one.create(input),
          await one.create(input),
        ]
        await one.vote(denied.id, reviewer('ann'), 'deny')
        await one.withdraw(withdrawn.id, 'gone')
        for (const id of [pending.id, denied.id, withdrawn.id, 'b'.repeat(26)]) {
          expect(await two.consume(id, input.subject)).toBeUndefined()
        }
      })

      it('expires unused', async () => {
        const input = ask({ expiresAfter: 60 })
        const id = await approved(input)
        await pause(75)
        expect(await one.consume(id, input.subject)).toBeUndefined()
        expect(await one.get(id)).toMatchObject({ state: 'expired' })
      })

      it('that was withdrawn can no longer be consumed', async () => {
        const input = ask()
        const id = await approved(input)
        expect(await two.withdraw(id, 'client left')).toBe(true)
        expect(await one.consume(id, input.subject)).toBeUndefined()
      })
    })

    describe('withdrawing', () => {
      it('works once, keeps the reason, and forbids approval', async () => {
        const { id } = await one.create(ask())
        expect(await one.withdraw(id, 'client left')).toBe(true)
        expect(await two.withdraw(id, 'again')).toBe(false)
        expect(await two.vote(id, reviewer('ann'), 'approve')).toEqual({
          kind: 'refused',
          refusal: 'already-decided',
        })
        expect(await one.get(id)).toMatchObject({ state: 'withdrawn', withdrawal: 'client left' })
      })

      it('is too late after consumption, denial and expiry, and for what is not there', async () => {
        const input = ask()
        const [consumed, denied] = [await one.create(input), await one.create(input)]
        const expired = await one.create(ask({ expiresAfter: 1 }))
        await one.vote(consumed.id, reviewer('ann'), 'approve')
        await one.consume(consumed.id, input.subject)
        await one.vote(denied.id, reviewer('ann'), 'deny')
        await pause(15)
        for (const id of [consumed.id, denied.id, expired.id, 'c'.repeat(26)]) {
          expect(await one.withdraw(id, 'late')).toBe(false)
        }
      })

      it('and approving at once never lets through what was withdrawn', async () => {
        for (let round = 0; round < 25; round++) {
          const input = ask()
          const { id } = await one.create(input)
          const [, withdrawn, used] = await Promise.all([
            two.vote(id, reviewer('ann'), 'approve'),
            one.withdraw(id, 'client left'),
            two.consume(id, input.subject),
          ])
          const later = await two.consume(id, input.subject)
          const uses = [used, later].filter((request) => request !== undefined).length
          expect(uses).toBe(withdrawn ? 0 : 1)
        }
      })

      it('voting, consuming and expiring at once leaves one outcome, and at most one use', async () => {
        for (let round = 0; round < 25; round++) {
          const input = ask({ expiresAfter: 1 + (round % 5), quorum: 2 })
          const { id } = await one.create(input)
          const settled = one.settled(id, never())
          const uses = await Promise.all([
            one.vote(id, reviewer('ann'), 'approve').then(() => undefined),
            two.vote(id, reviewer('bob'), 'approve').then(() => undefined),
            ...Array.from({ length: 4 }, () => two.consume(id, input.subject)),
            settled.then(() => one.consume(id, input.subject)),
          ])
          const used = uses.filter((request) => request !== undefined).length
          expect(used).toBeLessThanOrEqual(1)
          await pause(8)
          expect((await one.get(id))?.state).toBe(used === 1 ? 'consumed' : 'expired')
          expect(await one.consume(id, input.subject)).toBeUndefined()
        }
      })

      it('two people approving at once reach the quorum exactly once', async () => {
        for (let round = 0; round < 25; round++) {
          const { id } = await one.create(ask({ quorum: 2 }))
          const votes = await Promise.all(
            ['ann', 'bob', 'cay'].map((name, n) => (n % 2 ? one : two).vote(id, reviewer(name), 'approve')),
          )
          const counted = votes.filter((vote) => vote.kind === 'counted')
          expect(counted).toHaveLength(2)
          expect(await one.get(id)).toMatchObject({ state: 'approved' })
        }
      })
    })

    describe('waiting', () => {
      it('ends when the request is approved in another instance', async () => {
        const { id } = await one.create(ask())
        const settled = one.settled(id, never())
        await pause(20)
        await two.vote(id, reviewer('ann'), 'approve')
        expect(await settled).toMatchObject({ id, state: 'approved' })
      })

      it('ends for everybody who waits', async () => {
        const { id } = await one.create(ask())
        const waits = [one.settled(id, never()), one.settled(id, never()), two.settled(id, never())]
        await two.vote(id, reviewer('ann'), 'deny')
        for (const wait of waits) expect(await wait).toMatchObject({ state: 'denied' })
      })

      it('ends at once when the request was settled before', async () => {
        const { id } = await one.create(ask())
        await one.withdraw(id, 'x')
        expect(await two.settled(id, never())).toMatchObject({ state: 'withdrawn' })
      })

      it('goes on while the quorum is not there', async () => {
        const { id } = await one.create(ask({ quorum: 2 }))
        const settled = one.settled(id, never())
        await two.vote(id, reviewer('ann'), 'approve')
        expect(await Promise.race([settled, pause(1200).then(() => 'still')])).toBe('still')
        await two.vote(id, reviewer('bob'), 'approve')
        expect(await settled).toMatchObject({ state: 'approved' })
      })

      it('ends with expiry, and not before', async () => {
        const request = await one.create(ask({ expiresAfter: 150 }))
        const start = performance.now()
        expect(await two.settled(request.id, never())).toMatchObject({ state: 'expired' })
        expect(performance.now() - start).toBeGreaterThan(120)
        expect(performance.now() - start).toBeLessThan(1000)
      })

      it('ends with the signal’s reason, and leaves the request pending', async () => {
        const { id } = await one.create(ask())
        const abort = new AbortController()
        const settled = one.settled(id, abort.signal)
        settled.catch(() => undefined)
        await pause(10)
        abort.abort(new Error('client left'))
        await expect(settled).rejects.toThrow('client left')
        await expect(one.settled(id, AbortSignal.abort(new Error('before')))).rejects.toThrow('before')
        expect(await one.get(id)).toMatchObject({ state: 'pending' })
      })

      it('for what is not there is refused', async () => {
        await expect(one.settled('d'.repeat(26), never())).rejects.toMatchObject({ code: 'not-found' })
      })
    })

    describe('looking', () => {
      it('lists the newest first, by state and resource, within the limit', async () => {
        const input = ask({}, { resource: 'listing' })
        const ids: string[] = []
        for (let n = 0; n < 4; n++) {
          ids.unshift((await one.create(input)).id)
          await pause(2)
        }
        await one.vote(ids[1] ?? '', reviewer('ann'), 'deny')
        const listed = async (filter: object) =>
          (await two.list({ resource: 'listing', ...filter })).map(({ id }) => id)
        expect(await listed({})).toEqual(ids)
        expect(await listed({ limit: 2 })).toEqual(ids.slice(0, 2))
        expect(await listed({ state: 'denied' })).toEqual([ids[1]])
        expect(await listed({ state: 'pending' })).toEqual([ids[0], ids[2], ids[3]])
        expect(await listed({ where: (request: { id: string }) => request.id === ids[3], limit: 1 })).toEqual(
          [ids[3]],
        )
        expect(await two.list({ resource: 'nothing' })).toEqual([])
      })

      it('lists whoever waits longest first, counts all, and goes on where it was left off', async () => {
        const resource = 'long'
        const ids: string[] = []
        for (let n = 0; n < 5; n++) {
          ids.push((await one.create(ask({}, { resource }))).id)
          await pause(2)
        }
        const filter = { resource, state: 'pending', oldestFirst: true } as const
        const first = await two.list({ ...filter, limit: 2 })
        expect(first.map(({ id }) => id)).toEqual(ids.slice(0, 2))
        const after = first[1] as ApprovalRequest
        // Neither its own end nor that of another moves the place.
        for (const { id } of first) await one.withdraw(id, 'over')
        const rest = async (more: object) => (await two.list({ ...filter, ...more })).map(({ id }) => id)
        expect(await rest({ after })).toEqual(ids.slice(2))
        expect(await rest({ after: { ...after, id: 'a'.repeat(26) } })).toEqual(ids.slice(2))
        expect(await rest({ after, oldestFirst: false, state: 'withdrawn' })).toEqual([ids[0]])
        expect(await two.count(filter)).toBe(3)
        expect(await two.count({ resource })).toBe(5)
        expect(await two.count({ resource, where: (_, { createdAt }) => createdAt > after.createdAt })).toBe(
          3,
        )
      })

      it('lists by what was asked when, by which rule, and who voted', async () => {
        const parts = { resource: 'searched' }
        const [first, second, third] = [
          await one.create({ ...ask({ quorum: 2 }, parts), rules: ['hold-one'] }),
          await pause(2).then(() => one.create({ ...ask({}, parts), rules: ['hold-one', 'hold-two'] })),
          await pause(2).then(() => one.create({ ...ask({}, parts), rules: ['hold-three'] })),
        ]
        await one.vote(first.id, reviewer('ann'), 'approve')
        await one.vote(second.id, reviewer('ben'), 'deny', 'not “today”')
        const listed = async (filter: Parameters<Approvals['list']>[0]) =>
          (await two.list({ ...parts, oldestFirst: true, ...filter })).map(({ id }) => id)
        expect(await listed({ where: ({ rules }) => rules.includes('hold-one') })).toEqual([
          first.id,
          second.id,
        ])
        expect(await listed({ where: (_, { createdAt }) => createdAt > first.createdAt })).toEqual([
          second.id,
          third.id,
        ])
        const votedBy = (name: string) => ({
          voted: (votes: readonly Vote[]) => votes.some(({ reviewerName }) => reviewerName === name),
        })
        expect(await listed(votedBy('ann'))).toEqual([first.id])
        expect(await listed({ ...votedBy('ben'), state: 'denied' })).toEqual([second.id])
        expect(await listed({ ...votedBy('ben'), state: 'pending' })).toEqual([])
        expect(await listed({ voted: (votes) => votes.length === 0 })).toEqual([third.id])
        expect(await two.count({ ...parts, ...votedBy('ann') })).toBe(1)
      })

      it('asks what a list is filtered by of short heads, and gives whole requests', async () => {
        const { id, principal } = await one.create(
          ask({ approvers: ['heads'] }, { resource: 'heads', text: 'x'.repeat(100_000), shape: 's' }),
        )
        const heads: object[] = []
        const where = (head: RequestHead) => heads.push(head) > 0 && head.approvers.includes('heads')
        expect(await two.list({ resource: 'heads', where })).toEqual([await one.get(id)])
        const head = {
          ...{ id, principal, resource: 'heads', shape: 's', principalName: 'agent' },
          ...{ approvers: ['heads'], rules: ['hold-writes'], fingerprint: subject().fingerprint },
        }
        expect(heads).toEqual(heads.map(() => head))
      })

      it('lists by what a request is now, however many others there are', async () => {
        const parts = { resource: 'many' }
        const kept: string[] = []
        for (let n = 0; n < 320; n++) {
          const { id } = await one.create(ask({ approvers: [n % 80 === 0 ? 'few' : 'most'] }, parts))
          if (n % 80 === 0) kept.unshift(id)
          if (n % 2 === 0) await one.withdraw(id, 'over')
        }
        const where = ({ approvers }: RequestHead) => approvers.includes('few')
        const listed = async (filter: object) =>
          (await two.list({ ...parts, where, ...filter })).map(({ id }) => id)
        expect(await listed({})).toEqual(kept)
        expect(await listed({ state: 'withdrawn' })).toEqual(kept)
        expect(await listed({ state: 'withdrawn', limit: 3 })).toEqual(kept.slice(0, 3))
        expect(await listed({ state: 'pending' })).toEqual([])
        expect(await two.list({ ...parts, state: 'withdrawn', limit: 1000 })).toHaveLength(160)
        expect(await two.list({ ...parts, where: () => false })).toEqual([])
      })

      it('again visits what has changed, newest first, and nothing else', async () => {
        const grant = { for: 60_000, uses: 2 }
        const make = async (shape: string, quorum: number) => {
          await pause(2)
          return one.create(ask({ window: grant, quorum }, { resource: 'again', shape }))
        }
        const [still, voted, parked, used] = [
          await make('a', 2),
          await make('b', 2),
          await make('c', 2),
          await make('d', 1),
        ]
        const over = await one.create(ask({}, { resource: 'again' }))
        await one.withdraw(over.id, 'over')
        const look = async (seen?: ReadonlyMap<string, string>) => {
          const ids: string[] = []
          const marks = await two.look(seen, ({ id, resource }) => {
            if (resource === 'again') ids.push(id)
          })
          return { ids, marks }
        }
        const first = await look()
        expect(first.ids).toEqual([used.id, parked.id, voted.id, still.id])
        expect((await look(first.marks)).ids).toEqual([])
        expect((await look(new Map())).ids).toContain(over.id)
        await one.vote(voted.id, reviewer('ann'), 'approve')
        await one.park(parked.id)
        await one.vote(used.id, reviewer('ann'), 'approve', undefined, grant)
        const second = await look(first.marks)
        expect(second.ids).toEqual([used.id, parked.id, voted.id])
        await one.consume(used.id, used)
        expect((await look(second.marks)).ids).toEqual([used.id])
        const brief = await one.create(ask({ expiresAfter: 250 }, { resource: 'again' }))
        const third = await look(second.marks)
        expect(third.marks.has(brief.id)).toBe(true)
        await pause(260)
        expect((await look(third.marks)).ids).toEqual([brief.id])
      })

      it('shows an expired request as expired, never as pending', async () => {
        const { id } = await one.create(ask({ expiresAfter: 1 }, { resource: 'expiring' }))
        await pause(15)
        expect(await two.list({ resource: 'expiring', state: 'pending' })).toEqual([])
        expect(await two.list({ resource: 'expiring', state: 'expired' })).toMatchObject([{ id }])
      })

      it('finds by subject the approved request, else the pending one, else none', async () => {
        const input = ask()
        const first = await one.create(input)
        await pause(2)
        const second = await one.create(input)
        expect(await two.find(input.subject)).toMatchObject({ id: second.id })
        await one.vote(first.id, reviewer('ann'), 'approve')
        expect(await two.find(input.subject)).toMatchObject({ id: first.id, state: 'approved' })
        await one.consume(first.id, input.subject)
        expect(await two.find(input.subject)).toMatchObject({ id: second.id, state: 'pending' })
        await one.withdraw(second.id, 'x')
        expect(await two.find(input.subject)).toBeUndefined()
        expect(await two.find({ ...input.subject, text: 'SELECT 1' })).toBeUndefined()
      })
    })
  })
}
