// Errors of the admin API: RFC 9457 problem details, each with a stable code that clients may rely on.
import type { VoteRefusal } from '../approvals/ballot.ts'
import type { ApprovalStoreErrorCode } from '../approvals/contract.ts'

/** Status and, where one sentence fits every case, the detail of each code. */
export const PROBLEMS = {
  'invalid-request': [400, 'The request is not what this operation takes.'],
  unauthenticated: [401, 'A bearer token is needed.'],
  unauthorized: [403, 'This identity may not use the admin API.'],
  'stale-token': [403, 'Your token was issued too long ago to vote with: your groups may be others by now.'],
  'own-request': [403, 'Nobody decides on their own request.'],
  'not-a-person': [403, 'Only people decide on requests.'],
  'not-an-approver': [403, 'You are in none of the groups that may decide on this request.'],
  'window-refused': [403, 'The rule does not let reviewers grant this window for this statement.'],
  'not-found': [404, 'There is no such thing, or you may not see it.'],
  'method-not-allowed': [405, 'This path does not take this method.'],
  'already-decided': [409, 'The request is no longer pending.'],
  'already-voted': [409, 'You have voted on this request.'],
  'not-now': [409, 'Approvals of this request are taken at other hours.'],
  'not-needed': [409, 'Enough of your groups have approved. Members of the others are waited for.'],
  'too-large': [413, 'The request is too large.'],
  'unsupported-media-type': [415, 'The body must be application/json.'],
  'wrong-host': [421, 'Nothing is served under this name here.'],
  'too-many-listeners': [429, 'Too many listen already, or you do in too many places. Try again later.'],
  internal: [500, 'Something failed inside. The log has more.'],
  'audit-unavailable': [503, 'The audit log cannot be written, so nothing was done.'],
  'store-unavailable': [
    503,
    'The store of approvals did not answer. A vote may or may not have counted: look again.',
  ],
  'worker-unavailable': [503, 'A worker did not answer. It may or may not have been done.'],
  'issuer-unavailable': [503, 'The token could not be checked. Try again.'],
} as const satisfies Record<VoteRefusal, unknown> & Record<string, readonly [number, string]>

export type ProblemCode = keyof typeof PROBLEMS

/** HTTP's own phrases (RFC 9110, section 15), which are the titles of problems without a type of their own. */
const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  421: 'Misdirected Request',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
}

/** Thrown by a handler to answer with a problem. Its detail is shown to the client. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly code: ProblemCode
  readonly hint: string | undefined

  constructor(code: ProblemCode, detail?: string, hint?: string) {
    super(detail ?? PROBLEMS[code][1])
    this.code = code
    this.hint = hint
  }
}

/** What the store's errors are to a client of the API. */
export const STORE_PROBLEMS: Readonly<Record<ApprovalStoreErrorCode, ProblemCode>> = {
  full: 'store-unavailable',
  unavailable: 'store-unavailable',
  closed: 'store-unavailable',
  corrupt: 'internal',
  'too-large': 'internal',
  'invalid-terms': 'internal',
  'not-found': 'not-found',
}

export function problemResponse(problem: Problem): Response {
  const [status] = PROBLEMS[problem.code]
  const { code, message: detail, hint } = problem
  const body = { title: TITLES[status], status, detail, code, ...(hint === undefined ? {} : { hint }) }
  const headers = new Headers({ 'content-type': 'application/problem+json' })
  // RFC 6750, section 3
  if (status === 401) headers.set('www-authenticate', 'Bearer realm="chaperone"')
  return new Response(JSON.stringify(body), { status, headers })
}
