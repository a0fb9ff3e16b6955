// What is before the first event of an audit log: another log, nothing, or what none of those that were named has.
import { basename } from 'node:path'
import { type AuditVerdict, GENESIS } from '../../audit/verify.ts'

type Verified = Extract<AuditVerdict, { state: 'ok' }> & {
  /** `time` of the first event and of the last; undefined where they have none */
  readonly from: string | undefined
  readonly to: string | undefined
}

type Named = Verified & { readonly name: string }

export type Verdict =
  | Verified
  | Extract<AuditVerdict, { state: 'tampered' }>
  | { readonly state: 'unreadable'; readonly reason: string }

export type Beginning =
  | { readonly kind: 'first' }
  | { readonly kind: 'behind'; readonly file: string }
  /** the event before it is in none of the files, and was noted */
  | { readonly kind: 'noted'; readonly after: string }
  /** and none of them is older: it may have been rotated away */
  | { readonly kind: 'unknown'; readonly after: string }
  /** and an older one of them leads nowhere */
  | { readonly kind: 'gap'; readonly after: string; readonly file: string }
  /** two files go on from one event */
  | { readonly kind: 'forked'; readonly file: string }

/** @param noted hashes of events that may be gone with all that was before them */
export function beginningOf(
  file: string,
  verdict: Verdict,
  all: ReadonlyMap<string, Verdict>,
  noted: readonly string[],
): Beginning {
  if (verdict.state !== 'ok' || verdict.after === undefined || verdict.after === GENESIS)
    return { kind: 'first' }
  const { after } = verdict
  const others: readonly Named[] = [...all].flatMap(([name, other]) =>
    name !== file && other.state === 'ok' ? [{ name, ...other }] : [],
  )
  const twin = others.find((other) => other.after === after)
  if (twin !== undefined) return { kind: 'forked', file: twin.name }
  const before = others.find(({ last }) => last === after)
  if (before !== undefined) return { kind: 'behind', file: before.name }
  if (noted.includes(after)) return { kind: 'noted', after }
  const it: Named = { name: file, ...verdict }
  const older = others.find(
    (other) => leadsNowhere(other, others) && !goesOnFrom(other, it, others) && mayPrecede(other, it),
  )
  return older === undefined ? { kind: 'unknown', after } : { kind: 'gap', after, file: older.name }
}

const leadsNowhere = ({ last }: Verified, all: readonly Verified[]): boolean =>
  last !== undefined && !all.some(({ after }) => after === last)

/** At once, or over files between them. */
function goesOnFrom(one: Named, start: Named, all: readonly Named[]): boolean {
  const before = all.find(({ last }) => last !== undefined && last === one.after)
  return one.after === start.last || (before !== undefined && goesOnFrom(before, start, all))
}

/** Where it cannot be told, it may. */
function mayPrecede(one: Named, other: Named): boolean {
  if (workerOf(one.name) !== workerOf(other.name)) return false
  return one.to === undefined || other.from === undefined || one.to <= other.from
}

/** Each worker has a chain of its own, in a file with its number before the extension, and the primary has one without; dates are no such numbers. */
function workerOf(file: string): string {
  return /^[^.]*?(?<!-\d+)-([1-9]|[1-6]\d)(?=\.|$)/.exec(basename(file))?.[1] ?? ''
}
