// What the server still has to answer, in order. The protocol answers strictly in sequence, so this queue tells
// what every message from the server belongs to (PostgreSQL 18, chapter 54.2).
import { ProtocolError } from '../../core/errors.ts'
import type { Fetch } from './results/windows.ts'
import type { Portal, Running, StandInError, Statement } from './statement.ts'

/** the session's own catalog query */
export interface Lookup {
  readonly kind: 'lookup'
  readonly row: (json: string) => void
  readonly done: (ok: boolean) => void
  /** it has a Sync of its own */
  readonly synced: boolean
  /** CloseComplete messages seen */
  closed: number
}

export type Expected =
  | {
      readonly kind: 'query'
      readonly run: Running | undefined
      /** what SQL names were defined when it was sent */
      readonly mark: number
      readonly error?: StandInError | undefined
    }
  | {
      readonly kind: 'parse'
      readonly commit: () => void
      /** set where its statement was judged to run already */
      readonly run?: Running | undefined
      /** the session's own: the client does not hear of it */
      readonly unseen?: boolean
      readonly error?: StandInError | undefined
    }
  | {
      readonly kind: 'bind'
      /** what is bound; absent in a stand-in */
      readonly statement?: Statement
      /** set where it was judged already: its code may run now */
      readonly run?: Running | undefined
      readonly commit: () => void
      readonly unseen?: boolean
      readonly error?: StandInError | undefined
    }
  | { readonly kind: 'close'; readonly commit: () => void; readonly unseen?: boolean }
  | { readonly kind: 'describe'; readonly portal: Portal | undefined; readonly injected: boolean }
  | {
      readonly kind: 'execute'
      readonly portal: Portal | undefined
      readonly run: Running | undefined
      /** it is asked for in windows */
      readonly fetch?: Fetch | undefined
      /** the client sent it as a simple query (query-in-windows.ts) */
      readonly query?: boolean
      readonly error?: StandInError | undefined
    }
  | { readonly kind: 'function-call'; readonly error: StandInError }
  | { readonly kind: 'sync'; readonly mark: number }
  | Lookup

/** The statement whose results come; undefined where what is answered gives none. */
export function runOf(head: Expected | undefined): Running | undefined {
  return head?.kind === 'query' || head?.kind === 'execute' ? head.run : undefined
}

export interface ExpectedQueue {
  length(): number
  /** of the messages that wait: what a session keeps of them, about */
  bytes(): number
  head(): Expected | undefined
  /** @param bytes of a text or of parameters that are kept with it */
  push(entry: Expected, bytes?: number): void
  shift(): void
  /** After an error in the extended protocol: drops what the server skips, and tells what it was. */
  skipToSync(): { readonly dropped: readonly Expected[]; readonly synced: boolean }
}

export const createExpectedQueue = (limit: number): ExpectedQueue => new Queue(limit)

class Queue implements ExpectedQueue {
  readonly #limit: number
  #entries: Expected[] = []
  /** of each entry */
  #sizes: number[] = []
  #first = 0
  #bytes = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  length(): number {
    return this.#entries.length - this.#first
  }

  bytes(): number {
    return this.#bytes
  }

  head(): Expected | undefined {
    return this.#entries[this.#first]
  }

  push(entry: Expected, size = 0): void {
    if (this.length() >= this.#limit)
      throw new ProtocolError(`more than ${this.#limit} messages wait for the server`, 'too-large')
    this.#entries.push(entry)
    this.#sizes.push(size)
    this.#bytes += size
  }

  shift(): void {
    this.#bytes -= this.#sizes[this.#first] ?? 0
    this.#first += 1
    if (this.#first === this.#entries.length || this.#first > 1024) this.#cut(this.#first)
  }

  skipToSync(): { readonly dropped: readonly Expected[]; readonly synced: boolean } {
    const first = this.#first
    const sync = this.#entries.findIndex((entry, index) => index >= first && entry.kind === 'sync')
    const end = sync < 0 ? this.#entries.length : sync
    const dropped = this.#entries.slice(first, end)
    for (const size of this.#sizes.slice(first, end)) this.#bytes -= size
    this.#cut(end)
    return { dropped, synced: sync >= 0 }
  }

  #cut(from: number): void {
    this.#entries = this.#entries.slice(from)
    this.#sizes = this.#sizes.slice(from)
    this.#first = 0
  }
}
