// What a client hears once the login to the server is done: what the server said, with a cancellation key of
// Chaperone's own.
import type { SessionContext } from '../../../core/session.ts'
import { concat, int32 } from '../../../wire/writer.ts'
import { BACKEND } from '../messages/codes.ts'
import { authentication, message } from '../messages/encode.ts'
import type { Output } from '../output.ts'
import type { LoggedIn } from './upstream-login.ts'

/** Secret part of the key, in bytes: 4 in protocol 3.0, up to 256 since 3.2 (54.2.8). */
const SECRET = 4
const LONG_SECRET = 32

/** @param minor version that is spoken with the client */
export function welcome(out: Output, random: SessionContext['random'], minor: number, done: LoggedIn): void {
  const processId = Buffer.from(random(4)).readInt32BE() & 0x7fffffff
  const key = concat([int32(processId), random(minor >= 2 ? LONG_SECRET : SECRET)])
  out.emit({ kind: 'cancel-key', key, serverKey: done.serverKey })
  out.emit({ kind: 'observe', event: { kind: 'ready' } })
  out.toClient(
    concat([
      authentication('Ok'),
      ...done.parameters,
      message(BACKEND.BackendKeyData, key),
      message(BACKEND.ReadyForQuery, Buffer.from('I')),
    ]),
  )
}
