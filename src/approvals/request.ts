// Makes a request for approval out of what was asked, and tells what state it is in at a given time.
import { randomBytes } from 'node:crypto'
import type { ApprovalRequest, ApprovalState } from '../core/approval.ts'
import type { HoldTerms } from '../core/decision.ts'
import { toldFunctions } from '../core/routine.ts'
import { type ApprovalInput, ApprovalStoreError } from './contract.ts'
import { MAX_LIFE, MAX_QUORUM, MAX_REQUEST_BYTES } from './limits.ts'

/** What never changes after a request was made; times and state belong to the store. */
export type RequestBody = Omit<ApprovalRequest, 'createdAt' | 'expiresAt' | 'state' | 'votes' | 'withdrawal'>

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

function checkTerms(terms: HoldTerms): void {
  const { approvers, quorum, expiresAfter } = terms
  const possible =
    approvers.length > 0 &&
    Number.isInteger(quorum) &&
    quorum >= 1 &&
    quorum <= MAX_QUORUM &&
    Number.isInteger(expiresAfter) &&
    expiresAfter >= 1 &&
    expiresAfter <= MAX_LIFE
  if (!possible)
    throw new ApprovalStoreError('invalid-terms', 'nobody could approve a request with these terms')
}

/** @throws ApprovalStoreError `invalid-terms` or `too-large`. */
export function requestBody(input: ApprovalInput): { readonly body: RequestBody; readonly json: string } {
  checkTerms(input.terms)
  const { resource, database, principal, text, parameters, fingerprint, policyVersion } = input.subject
  // A copy: what reviewers see cannot change with what the session does to its own values.
  const body: RequestBody = structuredClone({
    id: newId(),
    ...{ resource, principal, text, parameters, fingerprint, policyVersion },
    ...(database === undefined ? {} : { database }),
    session: input.session,
    principalName: input.principalName,
    principalKind: input.principalKind,
    accesses: input.accesses,
    ...toldFunctions(input),
    rules: input.rules,
    approvers: input.terms.approvers,
    quorum: input.terms.quorum,
  })
  const json = JSON.stringify(body)
  if (Buffer.byteLength(json) > MAX_REQUEST_BYTES) {
    throw new ApprovalStoreError('too-large', `a request for approval may have ${MAX_REQUEST_BYTES} bytes`)
  }
  return { body, json }
}

/** Can it still be approved, used or withdrawn? */
export function isOpen(state: ApprovalState): boolean {
  return state === 'pending' || state === 'approved'
}

/** The state at a time of the store's clock: what is open expires, approved or not. */
export function stateAt(state: ApprovalState, expiresAt: number, now: number): ApprovalState {
  return isOpen(state) && now >= expiresAt ? 'expired' : state
}
