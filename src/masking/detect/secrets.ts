// Credentials that say what they are: tokens with a prefix of their issuer's, JSON Web Tokens, private keys in PEM.
import { ALPHABETS, type Detector, endOfRun, type Found } from './found.ts'
import { ownShape, type Shape, TOKENS } from './tokens.ts'

const { alphanumeric, url } = ALPHABETS

/** What has a shape of its own behind its prefix. */
const SHAPES: readonly Shape[] = [
  ...TOKENS,
  { detector: 'jwt', prefix: 'eyJ', body: url, min: 10, pivot: 2 },
  { detector: 'private-key', prefix: '-----BEGIN', body: url, min: 0, pivot: 7 },
]

const pivotOf = ({ prefix, pivot }: Shape) => pivot ?? prefix.length - 1

const [SLASH, BACKSLASH] = [0x2f, 0x5c] as const

/** Shapes by the byte of their pivot and the one before it. */
export interface Prefixes {
  readonly pivots: ReadonlySet<number>
  /** by `pivot * 256 + before` */
  readonly shapes: ReadonlyMap<number, readonly Shape[]>
}

export function prefixesOf(detectors: ReadonlySet<Detector>): Prefixes {
  const pivots = new Set<number>()
  const shapes = new Map<number, readonly Shape[]>()
  const own = [...detectors].flatMap((one) => (typeof one === 'string' ? [] : [ownShape(one)]))
  for (const shape of [...SHAPES.filter(({ detector }) => detectors.has(detector)), ...own]) {
    const at = pivotOf(shape)
    const pivot = shape.prefix.charCodeAt(at)
    pivots.add(pivot)
    const key = pivot * 256 + shape.prefix.charCodeAt(at - 1)
    shapes.set(key, [...(shapes.get(key) ?? []), shape])
  }
  return { pivots, shapes }
}

/** Those that may have their pivot at `at`, which is not the first byte. */
const shapesAt = (bytes: Uint8Array, at: number, { shapes }: Prefixes) =>
  shapes.get((bytes[at] as number) * 256 + (bytes[at - 1] as number))

function hasPrefix(bytes: Uint8Array, start: number, prefix: string): boolean {
  for (let i = 0; i < prefix.length; i += 1) if (bytes[start + i] !== prefix.charCodeAt(i)) return false
  return true
}

/** Is a prefix around the pivot at `at`? In JSON its slashes may have backslashes before them. */
export function mayBePrefix(bytes: Uint8Array, at: number, from: number, prefixes: Prefixes): boolean {
  if (at === from) return false
  if (bytes[at] === SLASH && bytes[at - 1] === BACKSLASH) return true
  const shapes = shapesAt(bytes, at, prefixes)
  if (shapes === undefined) return false
  for (const shape of shapes) {
    const start = at - pivotOf(shape)
    if (start >= from && hasPrefix(bytes, start, shape.prefix)) return true
  }
  return false
}

/** What was seen of one text. */
export interface Seen {
  /** no JSON Web Token begins before: looking again at each `eyJ` of one long run would be quadratic */
  noTokenBefore: number
  /** the last run of each alphabet, for the same reason */
  readonly runs: Map<Uint8Array, { readonly start: number; readonly end: number }>
}

/** Where the run of such bytes that begins at `at` ends. */
function runEnd(bytes: Uint8Array, at: number, end: number, alphabet: Uint8Array, { runs }: Seen): number {
  const last = runs.get(alphabet)
  if (last !== undefined && at >= last.start && at <= last.end) return last.end
  const stop = endOfRun(bytes, at, end, alphabet)
  runs.set(alphabet, { start: at, end: stop })
  return stop
}

/**
 * All that is found around a pivot: prefixes of a team's own may begin as others do.
 *
 * @param at where the pivot is
 */
export function secretsAt(
  bytes: Uint8Array,
  at: number,
  end: number,
  prefixes: Prefixes,
  seen: Seen,
): readonly Found[] {
  const found: Found[] = []
  for (const shape of (at > 0 && shapesAt(bytes, at, prefixes)) || []) {
    const start = at - pivotOf(shape)
    if (start < 0 || start + shape.prefix.length > end || !hasPrefix(bytes, start, shape.prefix)) continue
    const stop = endOf(bytes, start, end, shape, seen)
    if (stop >= 0) found.push({ detector: shape.detector, start, end: stop })
  }
  return found
}

function endOf(bytes: Uint8Array, start: number, end: number, shape: Shape, seen: Seen): number {
  const behind = start + shape.prefix.length
  if (shape.detector === 'private-key') return keyEnd(bytes, behind, end)
  if (shape.detector === 'jwt') return jwtEnd(bytes, behind, end, seen)
  if (shape.word && start > 0 && alphanumeric[bytes[start - 1] as number] === 1) return -1
  const stop = runEnd(bytes, behind, end, shape.body, seen)
  const length = stop - behind
  if (length < shape.min || (shape.max !== undefined && length > shape.max)) return -1
  return shape.max !== undefined && stop < end && alphanumeric[bytes[stop] as number] === 1 ? -1 : stop
}

const DOT = 0x2e

/** The shortest header is `{"alg":""}`, and the shortest payload `{}`, in base64url. */
const MIN_HEADER = 10
const MIN_PAYLOAD = 3
/** Of a token without a payload in the clear: key, initialization vector, ciphertext, tag. */
const MAX_PARTS = 5

/** Header, payload or encrypted key, and the parts that a signature or an encryption adds (RFC 7515, RFC 7516). */
function jwtEnd(bytes: Uint8Array, behind: number, end: number, seen: Seen): number {
  if (behind <= seen.noTokenBefore) return -1
  const header = endOfRun(bytes, behind, end, url)
  let at = header
  let parts = 1
  while (parts < MAX_PARTS && at < end && bytes[at] === DOT) {
    at = endOfRun(bytes, at + 1, end, url)
    parts += 1
  }
  if (header - behind >= MIN_HEADER && at - header > MIN_PAYLOAD + 1) return at
  seen.noTokenBefore = header
  return -1
}

const MAX_LABEL = 64
const PRIVATE = 'PRIVATE KEY'
const END = '-----END'
const DASHES = '-----'

/** To the end of the block, or of the text where it is cut: errors show the beginnings of values. */
function keyEnd(bytes: Uint8Array, behind: number, end: number): number {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, end)
  const label = view.indexOf(DASHES, behind, 'latin1')
  const closed = label >= 0 && label - behind <= MAX_LABEL
  const name = view.toString('latin1', behind, closed ? label : Math.min(end, behind + MAX_LABEL))
  if (!name.includes(PRIVATE)) return -1
  const last = view.indexOf(END, behind, 'latin1')
  if (last < 0) return end
  const dashes = view.indexOf(DASHES, last + END.length, 'latin1')
  return dashes >= 0 && dashes - last <= MAX_LABEL + END.length ? dashes + DASHES.length : end
}
