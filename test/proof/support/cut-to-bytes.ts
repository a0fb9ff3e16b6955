// Preloaded into the processor (`node --import`): every chunk that a session is given, of either side, comes as single
// bytes. TLS and Envoy join what a relay would cut, so the cut is made where the state machine begins.

import type { Effect, Protocol, ProtocolSession } from '../../../src/core/session.ts'
import { PROTOCOLS } from '../../../src/protocols/registry.ts'

function byByte(input: (chunk: Uint8Array) => readonly Effect[]) {
  return (chunk: Uint8Array): readonly Effect[] => {
    const effects: Effect[] = []
    for (let at = 0; at < chunk.length; at += 1)
      for (const effect of input(chunk.subarray(at, at + 1))) effects.push(effect)
    return effects
  }
}

const cutSession = (session: ProtocolSession): ProtocolSession =>
  Object.assign(session, {
    fromClient: byByte(session.fromClient.bind(session)),
    fromServer: byByte(session.fromServer.bind(session)),
  })

const cutProtocol = ({ start, shapeOf }: Protocol): Protocol => ({
  start: (context) => cutSession(start(context)),
  shapeOf,
})

for (const entry of Object.values(PROTOCOLS)) {
  const { create } = entry
  Object.assign(entry, { create: (...made: Parameters<typeof create>) => cutProtocol(create(...made)) })
}
