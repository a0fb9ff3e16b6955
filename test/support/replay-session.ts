// Replays what a bridge recorded into a fresh session, with the bytes cut in other places.
import type { Refusal } from '../../src/core/errors.ts'
import { createMemory } from '../../src/core/memory.ts'
import { issuePermit } from '../../src/core/permit-issuer.ts'
import type { Answer, Effect } from '../../src/core/session.ts'
import { admission, type BridgeOptions, maskerOf, protocolOf, type Traffic } from './bridge.ts'

export interface Replayed {
  readonly toServer: string
  readonly toClient: string
  readonly operations: readonly string[]
  readonly observed: readonly string[]
  readonly closed: string | undefined
}

/** Bytes that look random, the same in each run. */
export function countingRandom(): (n: number) => Uint8Array {
  let count = 0
  return (n) =>
    Uint8Array.from({ length: n }, () => {
      count = (count + 37) & 0xff
      return count
    })
}

/** Where to cut the bytes of one event: gives the pieces. */
export type Cut = (bytes: Uint8Array, event: number) => readonly Uint8Array[]

/**
 * Consecutive bytes of the client in one event, so that a cut is free to choose. What the server sent stays apart: the
 * later may answer what the session sent because of the earlier.
 */
export function joined(events: Traffic['events']): Traffic['events'] {
  const all: Traffic['events'] = []
  for (const event of events) {
    const last = all.at(-1)
    if (last?.from === 'client' && event.from === 'client')
      all[all.length - 1] = { from: event.from, bytes: Buffer.concat([last.bytes, event.bytes]) }
    else all.push(event)
  }
  return all
}

export function replaySession(events: Traffic['events'], options: BridgeOptions, cut: Cut): Replayed {
  const session = protocolOf(options, () => 0).start({
    peer: { source: '127.0.0.1:1', tlsVersion: 'TLSv1.3' },
    random: countingRandom(),
    now: () => 0,
    memory: createMemory().share(),
  })
  const masker = maskerOf(options.masks)
  const toServer: Uint8Array[] = []
  const toClient: Uint8Array[] = []
  const operations: string[] = []
  const observed: string[] = []
  let closed: string | undefined

  function answer(effect: Extract<Effect, { kind: 'judge' }>): Answer {
    const { operation } = effect
    operations.push(JSON.stringify(operation))
    const judged = options.judge?.(operation)
    if (judged instanceof Promise) throw new Error('a replay cannot wait')
    const refusal: Refusal | undefined = masker.refuses(operation) ?? judged
    return refusal !== undefined
      ? { kind: 'refused', refusal }
      : { kind: 'proceed', permit: issuePermit(operation) }
  }

  function perform(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (closed !== undefined) return
      if (effect.kind === 'to-server') toServer.push(effect.bytes)
      else if (effect.kind === 'to-client') toClient.push(effect.bytes)
      else if (effect.kind === 'judge') perform(session.resume(answer(effect)))
      else if (effect.kind === 'authenticate') perform(session.resume(admission(options)))
      else if (effect.kind === 'bypass') perform(session.resume({ kind: 'bypassed' }))
      else if (effect.kind === 'observe') observed.push(JSON.stringify(effect.event))
      else if (effect.kind === 'close') closed = effect.reason
    }
  }

  events.forEach((event, index) => {
    for (const piece of cut(event.bytes, index)) {
      // Buffers of the network are reused by nobody, but the session must not count on the neighbourhood of its bytes.
      const own = Uint8Array.from(piece)
      perform(event.from === 'client' ? session.fromClient(own) : session.fromServer(own))
    }
  })
  const hex = (parts: readonly Uint8Array[]) => Buffer.concat(parts).toString('hex')
  return { toServer: hex(toServer), toClient: hex(toClient), operations, observed, closed }
}
