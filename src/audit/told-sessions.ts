// What audit logs tell of sessions: which were recorded, and what the recording of each came to.
import { z } from 'zod'
import { type AuditVerdict, verifyAudit } from './verify.ts'

/** What is told of one session. */
export interface ToldSession {
  /** it was let in, and recorded */
  readonly recorded: boolean
  /** number of the last operation that was decided on; 0 when none was */
  readonly operations: number
  /** it ended */
  readonly ended: boolean
  /** what its recording has; absent where it has not ended, or is not recorded */
  readonly recording?: { readonly events: number; readonly hash: string } | undefined
}

const session = z.string()
const toldSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('login'), session, outcome: z.string(), recorded: z.string().optional() }),
  z.object({ type: z.literal('decision'), session, sequence: z.number() }),
  z.object({
    type: z.literal('logout'),
    session,
    recording: z.object({ events: z.number(), hash: z.string() }).optional(),
  }),
])
type Told = z.output<typeof toldSchema>

const NOTHING: ToldSession = { recorded: false, operations: 0, ended: false }

/**
 * Adds what one file tells to what is known by then.
 *
 * @throws the file system's errors
 */
export function readToldSessions(path: string, known: Map<string, ToldSession>): Promise<AuditVerdict> {
  return verifyAudit(path, (_, event) => {
    const { success, data } = toldSchema.safeParse(event)
    if (success) known.set(data.session, after(known.get(data.session) ?? NOTHING, data))
  })
}

function after(before: ToldSession, event: Told): ToldSession {
  switch (event.type) {
    case 'login':
      return { ...before, recorded: event.recorded !== undefined && event.recorded !== 'off' }
    case 'decision':
      return { ...before, operations: Math.max(before.operations, event.sequence) }
    case 'logout': {
      const { recording } = event
      return { ...before, ended: true, recorded: before.recorded || recording !== undefined, recording }
    }
  }
}
