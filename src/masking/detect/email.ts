// E-mail addresses as they are in use: a dot-atom, an at sign, and a domain whose last label is a name (RFC 5321 section 4.1.2).
import { ALPHABETS, bytesOf, type Found } from './found.ts'

/** Octets of a local part and of a domain (RFC 5321 section 4.5.3.1). */
const MAX_LOCAL = 64
const MAX_DOMAIN = 255
const [DOT, HYPHEN, APOSTROPHE] = [0x2e, 0x2d, 0x27] as const

/** What local parts are made of in practice; brackets, quotes, `=` and the like stand around addresses. With UTF-8 (RFC 6531). */
const LOCAL = bytesOf("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-^_~.").map(
  (is, byte) => (byte > 0x7f ? 1 : is),
)
const isLabelByte = (byte: number) => ALPHABETS.alphanumeric[byte] === 1 || byte === HYPHEN || byte > 0x7f

/** Names of files, which images of several sizes have an at sign in: logo@2x.png. */
const FILES: ReadonlySet<string> = new Set(['png', 'jpg', 'jpeg', 'gif', 'svg', 'webp'])

export function emailAt(bytes: Uint8Array, at: number, end: number): Found | undefined {
  let start = at
  const first = Math.max(0, at - MAX_LOCAL)
  while (start > first && LOCAL[bytes[start - 1] as number] === 1) start -= 1
  while (start < at && (bytes[start] === DOT || bytes[start] === APOSTROPHE)) start += 1
  if (start === at) return undefined
  const stop = domainEnd(bytes, at + 1, end)
  return stop < 0 ? undefined : { detector: 'email', start, end: stop }
}

/** At least two labels, of which the last begins with letters: other text may stick to the end of an address. */
function domainEnd(bytes: Uint8Array, from: number, end: number): number {
  const limit = Math.min(end, from + MAX_DOMAIN)
  let stop = -1
  let label = from
  let labels = 0
  for (let at = from; at <= limit; at += 1) {
    const byte = at < limit ? (bytes[at] as number) : 0
    if (isLabelByte(byte)) continue
    if (at === label) break
    labels += 1
    if (labels > 1 && isTopLevel(bytes, label, at)) stop = at
    if (byte !== DOT) break
    label = at + 1
  }
  return stop
}

function isTopLevel(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < 2 || !isLetter(bytes[start] as number) || !isLetter(bytes[start + 1] as number))
    return false
  return end - start > 4 || !FILES.has(String.fromCharCode(...bytes.subarray(start, end)).toLowerCase())
}

const isLetter = (byte: number) => ALPHABETS.letters[byte] === 1 || byte > 0x7f
