// The small values of chaperone.yaml: names, durations, sizes, addresses, paths.
import { z } from 'zod'

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const BYTES: Readonly<Record<string, number>> = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 }

/** Node's timers hold 2^31-1 milliseconds and fire at once beyond that: a longer limit would be none. */
const LONGEST = 24 * 86_400_000
/** One tebibyte: beyond any file or message here, and well within exact numbers. */
const LARGEST = 1024 ** 4

function quantity(units: Readonly<Record<string, number>>, example: string, least: number, most: number) {
  const pattern = new RegExp(`^(\\d{1,15})(${Object.keys(units).join('|')})$`)
  const needs = `needs a number with a unit (${Object.keys(units).join(', ')}), for example ${example}`
  return z
    .string({ error: ({ input }) => (typeof input === 'number' ? needs : undefined) })
    .regex(pattern, needs)
    .transform((text, context) => {
      const match = pattern.exec(text)
      const value = Number(match?.[1]) * (units[match?.[2] ?? ''] ?? Number.NaN)
      if (value >= least && value <= most) return value
      const message = value < least ? 'must be more than zero' : `is more than the ${mostText(units)} allowed`
      context.addIssue({ code: 'custom', message })
      return z.NEVER
    })
}

function mostText(units: Readonly<Record<string, number>>): string {
  return units === UNITS ? '24d' : '1024GiB'
}

/** A key of a section, and a reference to one. It appears in Envoy names, metrics and file names. */
export const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'needs lower-case letters, digits and hyphens, at most 63')

/** Text such as `30s`; milliseconds once parsed. */
export const duration = quantity(UNITS, '30s', 0, LONGEST)
/** A duration that cannot be zero. */
export const positiveDuration = quantity(UNITS, '30s', 1, LONGEST)
/** How long an approval may be waited for: stores keep requests no longer. */
export const approvalDuration = quantity(UNITS, '30m', 1, 14 * 86_400_000)
/** Text such as `1MiB`; bytes once parsed, never zero. */
export const size = quantity(BYTES, '1MiB', 1, LARGEST)

/** A default that is written as a user would write it. */
export const withDefault = <T extends z.ZodType>(schema: T, text: string) =>
  schema.prefault(text as z.input<T>)

/** A file that is read. `format` is how load.ts finds paths to resolve, and files.ts files to look for. */
export const inputFile = z.string().min(1).meta({ format: 'input-file', description: 'a file' })
/** A file or directory that Chaperone writes. */
export const outputPath = z.string().min(1).meta({ format: 'output-path', description: 'a path' })

const portOf = (text: string) => Number(text.slice(text.lastIndexOf(':') + 1))
const anyHostPort = z.string().regex(/^(\[[0-9a-fA-F:.]+\]|[^:\s[\]]+):\d{1,5}$/, {
  error: 'needs host:port, for example db.internal:5432',
  abort: true,
})

/** Where to connect to: `db.internal:5432` or `[::1]:5432`. */
export const hostPort = anyHostPort.refine(
  (text) => portOf(text) >= 1 && portOf(text) <= 65_535,
  'needs a port from 1 to 65535',
)
/** Where to listen. Port 0 lets the system choose, which tests use. */
export const listenAddress = anyHostPort.refine((text) => portOf(text) <= 65_535, 'needs a port up to 65535')

/** `unix:PATH`, or host:port. */
export const processorAddress = z
  .string()
  .regex(/^(unix:.+|[^:\s]+:\d{1,5}|\[[0-9a-fA-F:.]+\]:\d{1,5})$/, {
    error: 'needs unix:PATH or host:port',
    abort: true,
  })
  .refine((text) => text.startsWith('unix:') || portOf(text) <= 65_535, 'needs a port up to 65535')
  .meta({ format: 'processor-address' })

/** Claims by dotted path, each with the value or values that are accepted. */
export const claimDemands = z
  .record(z.string().min(1), z.union([z.string(), z.array(z.string()).min(1)]))
  .describe('claim (a path with dots) and the values that are accepted; * stands for any run of characters')
