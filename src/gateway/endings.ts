// Why a session ends that nobody asked to end: what its client is told, and what stands in log and audit.
import { type Refusal, Unrecorded } from '../core/errors.ts'
import { RecordingFull } from '../recording/event.ts'

export const STOPPING: Refusal = {
  code: 'shutting-down',
  message: 'terminating connection: chaperone is stopping',
}

/** Envoy closes the client with the target (docs/envoy-notes.md, b): nobody is told but the operator. */
export const UNREACHED =
  'the connection broke during the login to the target: Envoy could not reach it or did not accept its certificate, or the client left'

/** Paths and the system's words are for the log alone. */
export function refusalFor(error: unknown): Refusal {
  if (error instanceof RecordingFull)
    return {
      code: 'limit-exceeded',
      message: 'terminating connection: the recording of this session is as long as it may be',
      hint: 'Connect again, and ask for less in one session; recordings.max_session is the limit.',
    }
  if (error instanceof Unrecorded)
    return {
      code: 'unrecorded',
      message: 'terminating connection: what it does cannot be recorded',
      hint: 'Tell whoever runs Chaperone: nothing goes on that is not on record.',
    }
  return { code: 'internal', message: 'the session ended because of an internal error' }
}
