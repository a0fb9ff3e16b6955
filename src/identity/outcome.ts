// What identity answers: a principal, or a refusal that tells a developer what is wrong and never repeats the proof.
import type { ErrorCode, Refusal } from '../core/errors.ts'
import type { Principal } from '../core/principal.ts'

export type Authentication =
  | { readonly kind: 'principal'; readonly principal: Principal }
  | { readonly kind: 'rejected'; readonly refusal: Refusal }

export function rejected(
  message: string,
  hint?: string,
  code: ErrorCode = 'unauthenticated',
): Extract<Authentication, { kind: 'rejected' }> {
  return { kind: 'rejected', refusal: hint === undefined ? { code, message } : { code, message, hint } }
}

/** Values of tokens and certificates in messages: short, and without anything that could break a log line. */
export function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value))
  const clean = text.replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/gu, '?')
  return `"${clean.length > 120 ? `${clean.slice(0, 120)}…` : clean}"`
}

/** Text that may become a subject, a name or a group: not empty, no control characters, of bounded length. */
export function isPlainText(value: unknown, longest: number): value is string {
  if (typeof value !== 'string' || value === '' || value.length > longest) return false
  return !/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u.test(value)
}
