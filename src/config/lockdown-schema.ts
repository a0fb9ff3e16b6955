// The shape of a lockdown: what stops everything on some resources, whatever rules say.
import { z } from 'zod'

const resourcePattern = z
  .string()
  .regex(/^[a-z0-9*][a-z0-9*-]{0,62}$/, 'needs the name of a resource, with * for any run of characters')

export const lockdown = z.strictObject({
  resources: resourcePattern
    .or(z.array(resourcePattern).min(1))
    .default('*')
    .describe(
      'names, with * for any run of characters; one that no resource has is told, and refuses nothing',
    ),
  reason: z.string().min(1).max(500).optional().describe('told to whoever is refused'),
  sessions: z
    .enum(['refuse', 'end'])
    .default('refuse')
    .describe(
      'what becomes of open sessions: `refuse` keeps those in which nothing runs and refuses what they send, `end` ends them all',
    ),
  except_groups: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('whose members go on as the rules say, to look into what happened'),
})

export type LockdownConfig = z.output<typeof lockdown>
