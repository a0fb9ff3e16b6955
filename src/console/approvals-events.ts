// Requests for approval as they change, as server-sent events: what one person may see of them, while the login lasts.
import type { ApprovalFilter } from '../approvals/contract.ts'
import { versionOf } from '../approvals/request.ts'
import type { ApprovalRequest } from '../core/approval.ts'
import { type Principal, principalId } from '../core/principal.ts'
import type { ApprovalChanges } from './changes.ts'
import { createEventStream } from './event-stream.ts'
import { Problem } from './problem.ts'
import { maySee, summary } from './view.ts'

export interface ApprovalEventsOptions {
  readonly changes: ApprovalChanges
  readonly principal: Principal
  readonly filter: Pick<ApprovalFilter, 'state' | 'resource' | 'limit'>
  /** its signal aborts when its client leaves */
  readonly request: Request
  /** Is whoever listens still logged in? Absent where only the token says so, by its expiry. */
  readonly lasts?: () => boolean
  /** closes the connection under a client that does not read */
  readonly abandon: () => void
}

/** Why a stream ends, in its last event. */
type StreamEnd = 'login-expired' | 'try-again' | 'shutting-down'

/** ms; then the client comes back, and its token and groups are looked at anew. */
const LONGEST = 3_600_000
/** ms between looks at the login where nothing happens that asks for one. */
const LOOKS = 15_000

/** The same request in the same state has the same id, in every stream and of every process. */
function eventOf(event: string, request: ApprovalRequest) {
  return { event, id: `${request.id}.${versionOf(request)}`, data: summary(request) }
}

/**
 * `present` for each request that fits, oldest first, then `ready`, then changes as they happen.
 * @throws Problem `too-many-listeners`, `method-not-allowed`; ApprovalStoreError when the store does not answer
 */
export async function approvalEvents(options: ApprovalEventsOptions): Promise<Response> {
  const { changes, principal, filter, request, abandon, lasts = () => true } = options
  const { signal } = request
  // Nobody reads what the answer to a HEAD would have had: it would wait, and listen, until its time is over.
  if (request.method !== 'GET') throw new Problem('method-not-allowed')
  const now = Date.now()
  let over = false
  let stop: (() => void) | undefined
  const ended = () => {
    over = true
    clearTimeout(expiry)
    clearInterval(looks)
    signal.removeEventListener('abort', end)
    stop?.()
  }
  const stream = createEventStream({ ended, abandon })
  const end = () => stream.end()
  const endWith = (code: StreamEnd) => {
    stream.send({ event: 'end', data: { code } })
    stream.end()
  }
  const isOver = () => {
    if (!over && !lasts()) endWith('login-expired')
    return over
  }
  const looks = setInterval(isOver, LOOKS).unref()
  const left = principal.expiresAt - now
  const expiry = setTimeout(
    () => endWith(left <= LONGEST ? 'login-expired' : 'try-again'),
    Math.max(0, Math.min(left, LONGEST)),
  ).unref()
  signal.addEventListener('abort', end)
  if (signal.aborted) stream.end()
  try {
    stop = await changes.listen({
      principal: principalId(principal),
      filter,
      maySee: (request) => maySee(request, principal),
      present: (requests) => {
        for (const request of [...requests].reverse()) stream.send(eventOf('present', request))
        stream.send({ event: 'ready', data: {} })
      },
      changed: ({ kind, request }) => isOver() || stream.send(eventOf(kind, request)),
      trouble: (there) => isOver() || stream.send({ event: there ? 'trouble' : 'ready', data: {} }),
      ended: () => endWith('shutting-down'),
    })
  } catch (error) {
    stream.end()
    throw error
  }
  if (over) stop()
  return new Response(stream.body, {
    headers: {
      'content-type': 'text/event-stream; charset=utf-8',
      // nginx and its kind would keep events until they fill a buffer
      'x-accel-buffering': 'no',
    },
  })
}
