// The second sidestream of a requests-only connection: gives the target's bytes to the session until the login is done,
// then steps aside, so that results go to the client directly (design E13).
import { STATUS } from '../grpc/status.ts'
import type { ProcessingRequest } from './codec.ts'
import { pairId } from './connection-facts.ts'
import type { Pairs, SessionHalf } from './pairs.ts'
import type { SidestreamHandler, SidestreamWriter } from './sidestream.ts'

export function createLogin(writer: SidestreamWriter, pairs: Pairs): SidestreamHandler {
  let session: SessionHalf | undefined
  let bypassing = false

  const bypass = () => {
    bypassing = true
    writer.send({ bypass: true })
  }
  const join = ({ attributes }: ProcessingRequest): SessionHalf | undefined => {
    const id = pairId(attributes)
    const found = id === undefined ? undefined : pairs.join(id, { bypass })
    if (found === undefined) writer.fail(STATUS.FAILED_PRECONDITION, 'a login without its session')
    return found
  }

  return {
    request(request) {
      session ??= join(request)
      if (session === undefined) return
      const { read, write } = request
      // The session has judged these; they are the target's.
      if (read) writer.send({ read })
      if (write && write.bytes.length > 0) session.fromServer(write.bytes)
      if (write?.endOfStream) session.serverEnded()
    },
    // Envoy passes none of this on (E4): the client would miss it, so the connection ends instead.
    lost: () => session?.broken('the target spoke while its bytes were let past'),
    gone() {
      if (bypassing) session?.bypassed()
      else session?.broken('the login’s sidestream ended')
    },
  }
}
