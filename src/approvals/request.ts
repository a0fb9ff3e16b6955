// Makes a request for approval out of what was asked, and tells what state it is in at a given time.
import { randomBytes } from 'node:crypto'
import type { ApprovalRequest, ApprovalState, ApprovalSubject } from '../core/approval.ts'
import { toldBehind } from '../core/behind.ts'
import { type HoldTerms, MAX_QUORUM } from '../core/hold-terms.ts'
import { toldFunctions } from '../core/routine.ts'
import { toldMasks } from '../core/told-masks.ts'
import { toldNames } from '../core/told-names.ts'
import { type ApprovalInput, ApprovalStoreError } from './contract.ts'
import { MAX_LIFE, MAX_REASON, MAX_REQUEST_BYTES, MAX_USES } from './limits.ts'

/** What never changes after a request was made; times and state belong to the store. */
export type RequestBody = Omit<ApprovalRequest, keyof Changing>

type Changing = Pick<
  ApprovalRequest,
  'createdAt' | 'expiresAt' | 'state' | 'votes' | 'withdrawal' | 'parked' | 'granted'
>

/** RFC 4648 section 6, in lower case: letters and digits that are not mistaken for each other. */
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'
const ID_BYTES = 16
export const REQUEST_ID = /^[a-z2-7]{26}$/

function newId(): string {
  let bits = 0n
  for (const byte of randomBytes(ID_BYTES)) bits = (bits << 8n) | BigInt(byte)
  // 26 digits of 5 bits hold 128 bits and two zeros.
  bits <<= 2n
  return Array.from(
    { length: 26 },
    (_, digit) => BASE32[Number((bits >> BigInt(5 * (25 - digit))) & 31n)],
  ).join('')
}

const isWhole = (value: number, least: number, most: number) =>
  Number.isInteger(value) && value >= least && value <= most

function checkTerms({ approvers, quorum, each, expiresAfter, window }: HoldTerms): void {
  const people = each?.reduce((sum, one) => sum + one.people, 0) ?? quorum
  const possible =
    approvers.length > 0 &&
    isWhole(quorum, 1, MAX_QUORUM) &&
    people === quorum &&
    (each ?? []).every((one) => isWhole(one.people, 1, MAX_QUORUM) && one.groups.length > 0) &&
    isWhole(expiresAfter, 1, MAX_LIFE) &&
    (window === undefined || (isWhole(window.for, 1, MAX_LIFE) && isWhole(window.uses, 1, MAX_USES)))
  if (!possible)
    throw new ApprovalStoreError('invalid-terms', 'nobody could approve a request with these terms')
}

/** What tells that a request is not what it was: everything in it that can change. */
export function versionOf({ state, votes, granted, parked }: ApprovalRequest): string {
  return `${state}.${votes.length}.${granted?.used ?? 0}${parked === true ? '.parked' : ''}`
}

/** @throws ApprovalStoreError `invalid-terms` or `too-large`. */
export function requestBody(input: ApprovalInput): { readonly body: RequestBody; readonly json: string } {
  checkTerms(input.terms)
  const { terms, aliases = [], stated } = input
  // A copy: what reviewers see cannot change with what the session does to its own values.
  const body: RequestBody = structuredClone({
    id: newId(),
    ...subjectFields(input.subject),
    session: input.session,
    principalName: input.principalName,
    principalKind: input.principalKind,
    accesses: input.accesses,
    ...toldFunctions(input),
    ...toldBehind(input),
    ...toldMasks(input),
    ...toldNames(input),
    ...(aliases.length === 0 ? {} : { aliases }),
    ...(stated === undefined ? {} : { stated: stated.slice(0, MAX_REASON) }),
    rules: input.rules,
    approvers: terms.approvers,
    quorum: terms.quorum,
    ...(terms.each === undefined ? {} : { each: terms.each }),
    ...(terms.approveWhen === undefined ? {} : { approveWhen: terms.approveWhen }),
    ...(terms.window === undefined ? {} : { window: terms.window }),
  })
  const json = JSON.stringify(body)
  if (Buffer.byteLength(json) > MAX_REQUEST_BYTES) {
    throw new ApprovalStoreError('too-large', `a request for approval may have ${MAX_REQUEST_BYTES} bytes`)
  }
  return { body, json }
}

function subjectFields(subject: ApprovalSubject): ApprovalSubject {
  const { resource, principal, text, parameters, fingerprint, policyVersion } = subject
  const { database, user, role, heldBy, only, sessionReason, shape } = subject
  return {
    ...{ resource, principal, text, parameters, fingerprint, policyVersion },
    ...(database === undefined ? {} : { database }),
    ...(user === undefined ? {} : { user }),
    ...(role === undefined ? {} : { role }),
    ...(heldBy === undefined ? {} : { heldBy }),
    ...(only === undefined ? {} : { only }),
    ...(sessionReason === undefined ? {} : { sessionReason }),
    ...(shape === undefined ? {} : { shape }),
  }
}

/** Can it still be approved, used or withdrawn? */
export function isOpen(state: ApprovalState): boolean {
  return state === 'pending' || state === 'approved'
}

/** The state at a time of the store's clock: what is open expires, approved or not. */
export function stateAt(state: ApprovalState, expiresAt: number, now: number): ApprovalState {
  return isOpen(state) && now >= expiresAt ? 'expired' : state
}
