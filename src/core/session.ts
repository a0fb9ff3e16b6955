// The contract between a protocol's state machine (sans-I/O) and the gateway that runs it.
import type { ErrorCode, Refusal } from './errors.ts'
import type { Masker } from './masking.ts'
import type { SessionMemory } from './memory.ts'
import type { Meter } from './meter.ts'
import type { Operation } from './operation.ts'
import type { Permit } from './permit.ts'
import type { Peer, Proof } from './principal.ts'
import type { Secret } from './secret.ts'

/** Something that happened and that a recording keeps. Values are what the client saw (invariant 7). */
export type Observation =
  /** the upstream login is done; the session is in use */
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'completed'
      readonly sequence: number
      readonly tag: string
      readonly rows: number
      readonly bytes: number
    }
  | {
      readonly kind: 'failed'
      readonly sequence?: number
      readonly sqlstate: string
      readonly message: string
    }
  | { readonly kind: 'copy-in'; readonly sequence: number; readonly bytes: number }

export type Effect =
  | { readonly kind: 'to-server'; readonly bytes: Uint8Array }
  | { readonly kind: 'to-client'; readonly bytes: Uint8Array }
  /** who is this? answered with `admitted` or `rejected` */
  | {
      readonly kind: 'authenticate'
      readonly proof: Proof
      /** what the client states: recorded, never believed */
      readonly stated: { readonly user: string; readonly database: string; readonly application?: string }
    }
  /** may this run? answered with `proceed` or `refused` */
  | { readonly kind: 'judge'; readonly operation: Operation }
  /** What is being judged will not run, whatever the answer, since something before it failed. It is answered all the same */
  | { readonly kind: 'moot' }
  /** cancel another session, by the key that it gave its client; answered with `cancel-target` or `rejected` */
  | { readonly kind: 'cancel'; readonly key: Uint8Array }
  /** from now on `key` cancels this session; `serverKey` is what the target wants to see */
  | { readonly kind: 'cancel-key'; readonly key: Uint8Array; readonly serverKey: Uint8Array }
  | { readonly kind: 'observe'; readonly event: Observation }
  /**
   * The server's bytes need not be seen any more. Answered with `bypassed` once they go to the client directly; until
   * then nothing may be sent to the server, since what it says meanwhile is lost.
   */
  | { readonly kind: 'bypass' }
  /** everything before it is delivered, then both connections close. `code`: of the error that ended it */
  | { readonly kind: 'close'; readonly reason: string; readonly code?: ErrorCode }

/** How to log in to the target for this principal. */
export interface UpstreamLogin {
  readonly user: string
  readonly database: string
  /** absent for trust or client-certificate login */
  readonly password?: Secret
  /** settings sent with the login, over what the client asked for */
  readonly settings: Readonly<Record<string, string>>
  /** whether the way to the target is encrypted: only then a cleartext password may be sent */
  readonly encrypted: boolean
}

export type Answer =
  | {
      readonly kind: 'admitted'
      readonly login: UpstreamLogin
      /** the masks in force: another object each time the policy changes, also where no mask did */
      readonly masks: () => Masker
      /** Could a rule refuse or hold what is behind the relations that a statement names? It may change with the policy. */
      readonly looksBehind: () => boolean
      /** Could a rule or a mask hold a statement? It may change with the policy; never, when absent. */
      readonly mayHold?: () => boolean
    }
  | { readonly kind: 'rejected'; readonly refusal: Refusal }
  | {
      readonly kind: 'proceed'
      readonly permit: Permit
      /** what counts its result, where something limits it */
      readonly meter?: Meter
      /** for an approval, and much may have changed meanwhile */
      readonly waited?: true
      /** Asked before it goes on later: may it still? Absent where neither the time nor what limits leave has a part in it. */
      readonly stands?: () => boolean
    }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'cancel-target'; readonly serverKey: Uint8Array }
  | { readonly kind: 'bypassed' }

/**
 * One downstream connection's protocol, without sockets, clocks or promises.
 * Input may be split at any byte. While an answer is outstanding it keeps what arrives, up to its limit.
 * Effects are to be carried out in order. Only ProtocolError is thrown.
 */
export interface ProtocolSession {
  fromClient(chunk: Uint8Array): readonly Effect[]
  /** The chunk is the session's own from here on: rows are masked where they lie. */
  fromServer(chunk: Uint8Array): readonly Effect[]
  /** the client, or the server, will send no more */
  clientEnded(): readonly Effect[]
  serverEnded(): readonly Effect[]
  resume(answer: Answer): readonly Effect[]
  /** tells the client something while it waits, where the protocol has a way to */
  notify(message: string, hint?: string): readonly Effect[]
  /** sends the client what changes nothing, where the protocol has such a thing, or a byte of what is on its way */
  pulse(): readonly Effect[]
  /** ends the session with the protocol's own fatal error */
  terminate(refusal: Refusal): readonly Effect[]
  /** A cancel request is on its way to the server, which may wait for the session just then and ignore it. */
  canceled(): void
  /** Does the target work on something that was sent before what waits to be judged? False where that cannot be told. */
  busy(): boolean
  /** Is all that was sent to the target done, and committed or in a transaction that is open? False where that cannot be told. */
  atRest(): boolean
  /** Does nothing run, and nothing wait to be judged or approved? Also within a transaction. False where that cannot be told. */
  idle(): boolean
  /** bytes of results so far that the server was not asked for in windows */
  unwindowed(): number
}

/** What a protocol needs to start. Everything random or timed comes in from outside. */
export interface SessionContext {
  readonly peer: Peer
  /** n random bytes */
  readonly random: (n: number) => Uint8Array
  /** milliseconds, monotonic */
  readonly now: () => number
  /** where it counts what it keeps; whoever starts the session releases it */
  readonly memory: SessionMemory
  /** told how long the analysis of a statement took, in milliseconds; undefined when it was known from before */
  readonly analysed?: (took: number | undefined) => void
}

/** What a protocol is told about a resource. Sizes in bytes. */
export interface ProtocolSettings {
  /** `requests-only`: once logged in, what the server sends goes past the session */
  readonly process: 'full' | 'requests-only'
  /** how clients may prove who they are; `certificate` comes first where one is shown */
  readonly methods: readonly ('token' | 'certificate' | 'oauthbearer')[]
  /** URL of the issuer's discovery document, told to clients that ask for a way to log in */
  readonly discovery?: string
  /** functions that the configuration vouches for, as schema.name */
  readonly trustedFunctions: readonly string[]
  /** about how many bytes of a result the server is asked for at once, where the protocol can; absent: all of it */
  readonly window?: number
  /** sessions have pulses: something has to be left to send within a message that stops on its way */
  readonly pulses?: true
  readonly limits: {
    /** longest text of an operation that is analysed */
    readonly statement: number
    /** longest message of any kind */
    readonly message: number
    /** what is kept of a client's bytes while the session waits */
    readonly buffered: number
    /** names that a session may define at once */
    readonly prepared: number
    /** longest proof of identity */
    readonly token: number
  }
}

/** One protocol for one resource; what its sessions share (caches of analysis and catalog) lives here. */
export interface Protocol {
  start(context: SessionContext): ProtocolSession
  /**
   * What is the same for operations that do the same with other values, and for no others; undefined where there is no such
   * thing. It is made when it is asked for: the text is parsed.
   */
  shapeOf(operation: Operation): string | undefined
}
