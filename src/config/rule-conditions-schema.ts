// When and from where a rule counts, and what it obliges to: the parts of a rule that need no relation or object.
import { z } from 'zod'
import { parseNetwork } from '../core/network.ts'
import { DAYS } from '../core/time-window.ts'
import { size } from './scalars.ts'

const timeZone = z.string().refine((zone) => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return true
  } catch {
    return false
  }
}, 'needs a time zone of the IANA database, for example Europe/Berlin')

const timeOfDay = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, 'needs a time of day, for example 08:30')

export const timeWindow = z
  .strictObject({
    time_zone: timeZone.describe('whose clock is meant, by its IANA name'),
    days: z.array(z.enum(DAYS)).min(1).optional().describe('weekdays; every day when absent'),
    from: timeOfDay.optional().describe('first minute; 00:00 when absent'),
    to: timeOfDay
      .optional()
      .describe('the minute after the last; 24:00 when absent. Before `from`, it is of the next day'),
  })
  .describe('when the rule counts; always when absent')

export const sourceNetwork = z.string().superRefine((text, context) => {
  const network = parseNetwork(text)
  if (typeof network === 'string') context.addIssue({ code: 'custom', message: network })
})

const rowLimit = {
  rows: z.int().min(1).max(1e12).optional().describe('rows of results'),
  bytes: size.optional().describe('bytes of results, as the client gets them'),
}

export const resultLimits = z
  .strictObject({
    ...rowLimit,
    session: z.strictObject(rowLimit).optional().describe('over all statements of a session'),
    hour: z
      .strictObject(rowLimit)
      .optional()
      .describe('within an hour, over all sessions of the principal on the resource, of all workers'),
  })
  .describe(
    'what results may have; `rows` and `bytes` are for one statement. The smallest of all rules that mean it counts',
  )
