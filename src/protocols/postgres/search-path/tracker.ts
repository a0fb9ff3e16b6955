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

const roleOf = ({ user }: Pick<PathAnswer, 'user'>, atLogin: string) =>
  user === atLogin ? undefined : { name: user }

export const createPathTracker = (login: AtLogin): PathTracker => new AskedPath(login)

class AskedPath implements PathTracker {
  readonly login: SearchPath
  readonly reason: ReasonTracker
  readonly #user: string
  readonly #roleAtLogin: ReturnType<typeof roleOf>
  readonly #textAtLogin: string
  /** The same object for the same path. */
  #told: SearchPath | undefined
  #text: string
  #doubtful = false
  /** code may have changed it */
  #unsure = false
  #role: ReturnType<typeof roleOf>
  #roleDoubtful = false
  #roleUnsettled = false
  #unsettled = false
  #untouched: boolean
  /** what was sent since the server was ready may end a transaction */
  #ends = false
  /** the server's last report of the setting; undefined where it makes none */
  #report: string | undefined

  constructor({ setting, user, reason, inForce }: AtLogin) {
    this.login = schemasOf(setting, user)
    this.reason = createReasonTracker(reason, inForce.reason)
    this.#user = user
    this.#roleAtLogin = roleOf(inForce, user)
    this.#role = this.#roleAtLogin
    this.#textAtLogin = JSON.stringify(this.login)
    this.#text = this.#textAtLogin
    this.#untouched = this.#take(inForce)
  }

  told(): SearchPath | undefined {
    return this.#told
  }

  doubtful(): boolean {
    return this.#doubtful || this.#unsure
  }

  unsettled(): boolean {
    return this.#unsettled
  }

  untouched(): boolean {
    return this.#untouched && !this.#unsure
  }

  role(): Role {
    return this.#roleDoubtful ? 'any' : this.#role
  }

  sent(moves: ReadonlySet<Move>): void {
    if (moves.size === 0) return
    this.reason.sent(moves)
    // Servers tell of no change of the role. What was set in a transaction ends with it, or with a part of it.
    if (
      this.#roleUnsettled ||
      moves.has('set') ||
      moves.has('code') ||
      (moves.has('reset') && (this.#role ?? this.#roleAtLogin) !== undefined)
    ) {
      this.#roleDoubtful = true
      this.#roleUnsettled = true
    }
    if (moves.has('set') || (moves.has('reset') && !this.#untouched)) this.#moved()
    else if (moves.has('code')) {
      if (this.#reports()) this.#unsure = true
      else this.#moved()
    }
    if (!moves.has('end')) return
    this.#ends = true
    if (this.#unsettled) this.#doubtful = true
  }

  learn(row: string | undefined, settled: boolean): void {
    const answer = decodePath(row)
    const asAtLogin = this.#take(answer)
    this.#doubtful = false
    this.#unsure = false
    this.#role = roleOf(answer, this.#user)
    this.#roleDoubtful = false
    this.reason.learn(answer.reason, settled)
    if (!settled) return
    this.#roleUnsettled = false
    this.#unsettled = false
    this.#untouched = asAtLogin
  }

  synced(transaction: string): void {
    if (!this.#ends && transaction === 'T') return
    // The segment may fail yet, and with it what was set in it, unless a transaction was begun before.
    this.#ended()
  }

  ready(transaction: string, idle: boolean): void {
    if (idle) this.#ends = false
    if (idle && this.#reports()) this.#unsure = false
    if (transaction === 'I') this.#ended()
  }

  reported(setting: string): void {
    if (this.#report !== undefined && setting !== this.#report) this.#moved()
    this.#report = setting
  }

  /** A transaction may end, or has ended, and with it what was set in it. */
  #ended(): void {
    if (this.#unsettled) this.#doubtful = true
    if (this.#roleUnsettled) this.#roleDoubtful = true
    this.reason.ended()
  }

  /** The server tells of every change itself, but of those of whom `$user` stands for. */
  #reports(): boolean {
    return this.#report !== undefined && !this.#report.includes('$user')
  }

  #moved(): void {
    this.#doubtful = true
    this.#unsettled = true
    this.#untouched = false
  }

  #take({ path, user }: PathAnswer): boolean {
    const now = JSON.stringify(path)
    const asAtLogin = now === this.#textAtLogin && user === this.#user
    if (asAtLogin) this.#told = undefined
    else if (this.#told === undefined || now !== this.#text) this.#told = path
    this.#text = now
    return asAtLogin
  }
}

/**
 * The path where the server's answers go past: no rule lets a session set it, but for values that find less; after code,
 * which may set it, names without a schema may be anywhere for as long as the session lives.
 */
export const createUnaskedPath = (login: AtLogin): PathTracker => new UnaskedPath(login)

class UnaskedPath implements PathTracker {
  readonly login = 'any'
  readonly reason: ReasonTracker
  readonly #setting: string
  readonly #role: ReturnType<typeof roleOf>
  #told: SearchPath | undefined
  #roleDoubtful = false

  constructor(login: AtLogin) {
    const { path, reason: said } = login.inForce
    const asSent = JSON.stringify(path) === JSON.stringify(schemasOf(login.setting, login.user))
    this.reason = createUnaskedReason(said === login.reason ? said : undefined)
    this.#setting = login.setting
    this.#role = roleOf(login.inForce, login.user)
    this.#told = asSent ? undefined : path
  }

  told(): SearchPath | undefined {
    return this.#told
  }

  doubtful(): boolean {
    return false
  }

  unsettled(): boolean {
    return false
  }

  untouched(): boolean {
    return this.#told === undefined
  }

  role(): Role {
    return this.#roleDoubtful ? 'any' : this.#role
  }

  sent(moves: ReadonlySet<Move>): void {
    this.reason.sent(moves)
    const isReset = moves.has('reset') && (this.#told !== undefined || this.#role !== undefined)
    // With the role, whom `$user` stands for.
    const isElsewhere = moves.has('set') && this.#setting.includes('$user')
    if (moves.has('code') || isReset || isElsewhere) this.#told = 'any'
    if (moves.has('code') || moves.has('set') || isReset) this.#roleDoubtful = true
  }

  learn(): void {}

  synced(): void {}

  ready(): void {}

  reported(): void {}
}
