// Which path is in force in a session, which role, and what it says of why, as far as the server told, first at the login: whatever
// may have changed them since makes them doubtful, and then the server is asked before a name without a schema, or what may be held, is judged.
import type { Role } from '../../../core/operation.ts'
import type { SearchPath } from '../../../core/search-path.ts'
import type { Move } from './moves.ts'
import { createReasonTracker, createUnaskedReason, type ReasonTracker } from './reason.ts'
import { decodePath, type PathAnswer, schemasOf } from './setting.ts'

export interface PathTracker {
  /** as the login set it */
  readonly login: SearchPath
  /** What the server told last; undefined: as the login set it. */
  told(): SearchPath | undefined
  /** It may be another by now. */
  doubtful(): boolean
  /** what was set may be undone by the end of a transaction */
  unsettled(): boolean
  /** it has never been other than at the login, as far as can be told */
  untouched(): boolean
  /** The role that the server told last, or `any` when it may be another by now; undefined: the login's own. */
  role(): Role
  /** what the session says of why */
  readonly reason: Pick<ReasonTracker, 'now' | 'movedBy'>
  /** A statement with these moves was sent. */
  sent(moves: ReadonlySet<Move>): void
  /**
   * The server answered the query for the path.
   * @param settled no transaction is open, and nothing else is under way
   */
  learn(row: string | undefined, settled: boolean): void
  /** A Sync is sent. @param transaction status of the last ReadyForQuery */
  synced(transaction: string): void
  /** ReadyForQuery. @param idle nothing that was sent is unanswered */
  ready(transaction: string, idle: boolean): void
  /** ParameterStatus of search_path, which servers send since PostgreSQL 18 before they are ready */
  reported(setting: string): void
}

export interface AtLogin {
  /** of search_path, as it was sent with the login */
  readonly setting: string
  readonly user: string
  /** what the client said of why in its startup packet */
  readonly reason?: string | undefined
  /** What the server told then: a default of the role or a login trigger may have set another role, or another path. */
  readonly inForce: PathAnswer
}

const roleOf = ({ user }: Pick<PathAnswer, 'user'>, login: AtLogin) =>
  user === login.user ? undefined : { name: user }

export function createPathTracker(login: AtLogin): PathTracker {
  const loginPath = schemasOf(login.setting, login.user)
  const atLogin = JSON.stringify(loginPath)
  const reason = createReasonTracker(login.reason, login.inForce.reason)
  const roleAtLogin = roleOf(login.inForce, login)
  /** The same object for the same path. */
  let told: SearchPath | undefined
  let text = atLogin
  let doubtful = false
  /** code may have changed it */
  let unsure = false
  let role = roleAtLogin
  let roleDoubtful = false
  let roleUnsettled = false
  let unsettled = false
  let untouched = true
  /** what was sent since the server was ready may end a transaction */
  let ends = false
  /** the server's last report of the setting; undefined where it makes none */
  let report: string | undefined

  /** The server tells of every change itself, but of those of whom `$user` stands for. */
  const reports = () => report !== undefined && !report.includes('$user')

  function moved(): void {
    doubtful = true
    unsettled = true
    untouched = false
  }

  function take({ path, user }: PathAnswer): boolean {
    const now = JSON.stringify(path)
    const asAtLogin = now === atLogin && user === login.user
    if (asAtLogin) told = undefined
    else if (told === undefined || now !== text) told = path
    text = now
    return asAtLogin
  }
  untouched = take(login.inForce)

  return {
    login: loginPath,
    told() {
      return told
    },
    doubtful() {
      return doubtful || unsure
    },
    unsettled() {
      return unsettled
    },
    untouched() {
      return untouched && !unsure
    },
    role: () => (roleDoubtful ? 'any' : role),
    reason,
    sent(moves) {
      if (moves.size === 0) return
      reason.sent(moves)
      // Servers tell of no change of the role. What was set in a transaction ends with it, or with a part of it.
      if (
        roleUnsettled ||
        moves.has('set') ||
        moves.has('code') ||
        (moves.has('reset') && (role ?? roleAtLogin) !== undefined)
      ) {
        roleDoubtful = true
        roleUnsettled = true
      }
      if (moves.has('set') || (moves.has('reset') && !untouched)) moved()
      else if (moves.has('code')) {
        if (reports()) unsure = true
        else moved()
      }
      if (!moves.has('end')) return
      ends = true
      if (unsettled) doubtful = true
    },
    learn(row, settled) {
      const answer = decodePath(row)
      const asAtLogin = take(answer)
      doubtful = false
      unsure = false
      role = roleOf(answer, login)
      roleDoubtful = false
      reason.learn(answer.reason, settled)
      if (!settled) return
      roleUnsettled = false
      unsettled = false
      untouched = asAtLogin
    },
    synced(transaction) {
      // The segment may fail yet, and with it what was set in it, unless a transaction was begun before.
      if (unsettled && (ends || transaction !== 'T')) doubtful = true
      if (roleUnsettled && (ends || transaction !== 'T')) roleDoubtful = true
      if (ends || transaction !== 'T') reason.ended()
    },
    ready(transaction, idle) {
      if (idle) ends = false
      if (idle && reports()) unsure = false
      if (transaction === 'I' && unsettled) doubtful = true
      if (transaction === 'I' && roleUnsettled) roleDoubtful = true
      if (transaction === 'I') reason.ended()
    },
    reported(setting) {
      if (report !== undefined && setting !== report) moved()
      report = setting
    },
  }
}

/**
 * The path where the server's answers go past: no rule lets a session set it, but for values that find less; after code,
 * which may set it, names without a schema may be anywhere for as long as the session lives.
 */
export function createUnaskedPath(login: AtLogin): PathTracker {
  const { path, reason: said } = login.inForce
  const reason = createUnaskedReason(said === login.reason ? said : undefined)
  const asSent = JSON.stringify(path) === JSON.stringify(schemasOf(login.setting, login.user))
  const role = roleOf(login.inForce, login)
  let told: SearchPath | undefined = asSent ? undefined : path
  let roleDoubtful = false
  return {
    login: 'any',
    told() {
      return told
    },
    doubtful: () => false,
    unsettled: () => false,
    untouched() {
      return told === undefined
    },
    role: () => (roleDoubtful ? 'any' : role),
    reason,
    sent(moves) {
      reason.sent(moves)
      const isReset = moves.has('reset') && (told !== undefined || role !== undefined)
      // With the role, whom `$user` stands for.
      const isElsewhere = moves.has('set') && login.setting.includes('$user')
      if (moves.has('code') || isReset || isElsewhere) told = 'any'
      if (moves.has('code') || moves.has('set') || isReset) roleDoubtful = true
    },
    learn: () => undefined,
    synced: () => undefined,
    ready: () => undefined,
    reported: () => undefined,
  }
}
