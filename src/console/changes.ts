// What changes in the store of approvals, told to whoever listens. The store is looked at only while somebody does.
import { type ApprovalFilter, ApprovalStoreError, type Approvals } from '../approvals/contract.ts'
import type { RequestHead } from '../approvals/head.ts'
import { isOpen, versionOf } from '../approvals/request.ts'
import type { ApprovalRequest, ApprovalState } from '../core/approval.ts'
import { Problem } from './problem.ts'

/** `changed`: another state. `voted`: another vote. `updated`: used again within its window, or parked. */
export type ApprovalChangeKind = 'requested' | 'changed' | 'voted' | 'updated'

export interface ApprovalChange {
  readonly kind: ApprovalChangeKind
  readonly request: ApprovalRequest
  /** absent when it is new */
  readonly before?: ApprovalState
}

export interface ChangesListener {
  /** who it is, for the limit on listeners of one */
  readonly principal: string
  /** May whoever listens see this request? */
  readonly maySee: (request: RequestHead) => boolean
  readonly filter?: Pick<ApprovalFilter, 'state' | 'resource' | 'limit'>
  /** First, once: what fits the filter now, newest first. No change after it is lost. None of these may throw. */
  present(requests: readonly ApprovalRequest[]): void
  /** Each change that fits the filter before it or after it. */
  changed(change: ApprovalChange): void
  /** The store does not answer (true), or answers again (false); what changed meanwhile is told after that. */
  trouble(lasts: boolean): void
  /** The server stops. */
  ended(): void
}

export interface ApprovalChanges {
  /**
   * Resolves once the listener was told what is present, with what stops it.
   * @throws Problem `too-many-listeners`; ApprovalStoreError when the store does not answer
   */
  listen(listener: ChangesListener): Promise<() => void>
  /** How many listen now. */
  listeners(): number
  /** Ends every listener. */
  close(): void
}

/** ms between two looks at the store: what a reviewer takes for at once. */
const PAUSE = 1000
/** A look never takes more than a tenth of the time, however much there is to read. */
const LEAST_SHARE = 9
/** Live views of a team with their reconnections; each is a connection, of 256 that the admin port takes. */
const MAX_LISTENERS = 64
/** Of one person: browser tabs and terminals. */
const MAX_LISTENERS_OF_ONE = 8

interface Known {
  readonly version: string
  readonly state: ApprovalState
  readonly votes: number
  /** kept while it is open, so that its loss can be told; the store's own limit on bytes bounds them */
  readonly open?: ApprovalRequest
}

interface Joining {
  readonly listener: ChangesListener
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

interface Watch {
  readonly approvals: Approvals
  readonly listeners: Set<ChangesListener>
  /** what those who came since the last look were told as present */
  readonly greeted: Map<ChangesListener, ReadonlySet<string>>
  joining: Joining[]
  /** those in `joining`, and those of the look that is under way */
  readonly entering: Set<ChangesListener>
  /** by id, as of the last look; undefined when nobody listened then */
  known: ReadonlyMap<string, Known> | undefined
  /** of the last look; undefined when nobody listened then */
  marks: ReadonlyMap<string, string> | undefined
  troubled: boolean
  looking: boolean
  closed: boolean
  timer: NodeJS.Timeout | undefined
}

function fits(
  { filter, maySee }: ChangesListener,
  request: ApprovalRequest,
  before?: ApprovalState,
): boolean {
  const { state, resource } = filter ?? {}
  if (state !== undefined && request.state !== state && before !== state) return false
  if (resource !== undefined && request.resource !== resource) return false
  return maySee(request)
}

function changeOf(request: ApprovalRequest, known: Known | undefined): ApprovalChange | undefined {
  if (known === undefined) return { kind: 'requested', request }
  if (known.state !== request.state) return { kind: 'changed', request, before: known.state }
  if (known.version === versionOf(request)) return undefined
  const kind = known.votes === request.votes.length ? 'updated' : 'voted'
  return { kind, request, before: known.state }
}

/** As `settled` of the contract says: a store that forgot the request makes it withdrawn. */
function lost(known: ReadonlyMap<string, Known>, now: ReadonlyMap<string, Known>): ApprovalChange[] {
  return [...known].flatMap(([id, { open }]) => {
    if (open === undefined || now.has(id)) return []
    const withdrawal = 'the store of approvals lost the request'
    return [{ kind: 'changed', request: { ...open, state: 'withdrawn', withdrawal }, before: open.state }]
  })
}

/** Reads what has changed since the last look. What ended before the first is not read: nothing becomes of it. */
async function look(watch: Watch): Promise<readonly ApprovalChange[]> {
  const read = new Map<string, Known>()
  const changes: ApprovalChange[] = []
  const visit = (request: ApprovalRequest) => {
    const { id, state, votes } = request
    const change = changeOf(request, watch.known?.get(id))
    if (change !== undefined && watch.known !== undefined) changes.push(change)
    const open = isOpen(state) ? { open: request } : {}
    read.set(id, { version: versionOf(request), state, votes: votes.length, ...open })
  }
  const marks = await watch.approvals.look(watch.marks, visit)
  const now = new Map<string, Known>()
  for (const id of marks.keys()) {
    const known = read.get(id) ?? watch.known?.get(id)
    if (known !== undefined) now.set(id, known)
  }
  changes.reverse()
  if (watch.known !== undefined) changes.push(...lost(watch.known, now))
  watch.known = now
  watch.marks = marks
  return changes
}

const momentOf = (request: ApprovalRequest) => `${request.id}.${versionOf(request)}`

/** Once a look is over: what changes from then on is found by the next, and told unless it is present here already. */
async function greet(watch: Watch, listener: ChangesListener): Promise<void> {
  const present = await watch.approvals.list({ ...listener.filter, where: listener.maySee })
  if (watch.closed) throw closedError()
  watch.greeted.set(listener, new Set(present.map(momentOf)))
  watch.listeners.add(listener)
  listener.present(present)
}

function tell(watch: Watch, changes: readonly ApprovalChange[]): void {
  for (const listener of [...watch.listeners]) {
    for (const change of changes) {
      // A listener may stop in the middle of what it is told.
      if (!watch.listeners.has(listener)) break
      if (watch.greeted.get(listener)?.has(momentOf(change.request))) continue
      if (fits(listener, change.request, change.before)) listener.changed(change)
    }
  }
  watch.greeted.clear()
}

function setTrouble(watch: Watch, lasts: boolean): void {
  if (watch.troubled === lasts) return
  watch.troubled = lasts
  for (const listener of [...watch.listeners]) listener.trouble(lasts)
}

/** @returns ms until the next look */
async function lookAndTell(watch: Watch): Promise<number> {
  const start = performance.now()
  const joining = watch.joining
  watch.joining = []
  try {
    const changes = await look(watch)
    if (watch.closed) throw closedError()
    setTrouble(watch, false)
    tell(watch, changes)
    for (const { listener, resolve } of joining) {
      await greet(watch, listener)
      resolve()
    }
    return Math.max(PAUSE, LEAST_SHARE * (performance.now() - start))
  } catch (error) {
    setTrouble(watch, true)
    for (const { reject } of joining) reject(error)
    return PAUSE
  }
}

const closedError = () => new ApprovalStoreError('closed', 'the server stops')

/** Looks, tells, and comes back as long as anybody listens. */
async function round(watch: Watch): Promise<void> {
  clearTimeout(watch.timer)
  watch.timer = undefined
  if (watch.looking) return
  watch.looking = true
  const pause = await lookAndTell(watch)
  watch.looking = false
  if (watch.closed) return
  if (watch.joining.length > 0) return round(watch)
  if (watch.listeners.size === 0) return rest(watch)
  watch.timer = setTimeout(() => void round(watch), pause).unref()
}

function rest(watch: Watch): void {
  clearTimeout(watch.timer)
  watch.timer = undefined
  watch.known = undefined
  watch.marks = undefined
  watch.greeted.clear()
  watch.troubled = false
}

function checkRoom(watch: Watch, { principal }: ChangesListener): void {
  const all = [...watch.listeners, ...watch.entering]
  const own = all.filter((listener) => listener.principal === principal)
  if (all.length >= MAX_LISTENERS || own.length >= MAX_LISTENERS_OF_ONE)
    throw new Problem('too-many-listeners')
}

async function listen(watch: Watch, listener: ChangesListener): Promise<() => void> {
  if (watch.closed) throw closedError()
  checkRoom(watch, listener)
  watch.entering.add(listener)
  try {
    await new Promise<void>((resolve, reject) => {
      watch.joining.push({ listener, resolve, reject })
      void round(watch)
    })
  } finally {
    watch.entering.delete(listener)
  }
  return () => {
    watch.listeners.delete(listener)
    if (watch.listeners.size === 0 && !watch.looking) rest(watch)
  }
}

function close(watch: Watch): void {
  watch.closed = true
  rest(watch)
  const listeners = [...watch.listeners]
  watch.listeners.clear()
  for (const listener of listeners) listener.ended()
  for (const { reject } of watch.joining) reject(closedError())
  watch.joining = []
}

export function createApprovalChanges(approvals: Approvals): ApprovalChanges {
  const watch: Watch = {
    approvals,
    listeners: new Set(),
    greeted: new Map(),
    joining: [],
    entering: new Set(),
    known: undefined,
    marks: undefined,
    troubled: false,
    looking: false,
    closed: false,
    timer: undefined,
  }
  return {
    listen: (listener) => listen(watch, listener),
    listeners: () => watch.listeners.size,
    close: () => close(watch),
  }
}
