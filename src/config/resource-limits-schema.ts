// `limits` of a resource: what one session of it, and all of them, may take.
import { z } from 'zod'
import { duration, positiveDuration, size, withDefault } from './scalars.ts'

export const resourceLimits = z
  .strictObject({
    statement: withDefault(size, '256KiB').describe('longest SQL text that is analysed'),
    message: withDefault(size, '16MiB').describe('longest message of any kind'),
    buffered: withDefault(size, '32MiB').describe(
      'what a session keeps while it waits; its prepared statements and portals may take twice as much',
    ),
    login: withDefault(positiveDuration, '15s').describe('from the first byte until the session is in use'),
    sessions: z.int().min(1).default(2000).describe('at once, over all principals'),
    sessions_per_principal: z.int().min(1).default(100).describe('at once, of one principal'),
    session: withDefault(positiveDuration, '12h').describe('longest session'),
    idle: positiveDuration
      .optional()
      .describe(
        'a session in which neither side sends a byte for so long, and nothing runs or waits for approval, ends with 57P05, also within a transaction; none when absent. Envoy ends by it, with `login` on top, who completes TLS and never sends a byte. Not with `process: requests-only`, which cannot tell what runs',
      ),
    after_expiry: withDefault(duration, '15m').describe(
      'how long a session may outlive its token or client certificate',
    ),
    prepared: z.int().min(1).default(10_000).describe('prepared statements and portals per session'),
  })
  .prefault({})
