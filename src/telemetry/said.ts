// What somebody else's server says of its refusal, made fit for a line of a log or of a terminal.
import { printable } from '../core/printable.ts'
import type { Secret } from '../core/secret.ts'
import { redactText } from './redact.ts'

/** Characters that are looked at; an answer may have more. */
const MOST_READ = 4096
/** Characters that are told: a sentence or two. */
const MOST_TOLD = 300
/** A shorter secret is a part of other words, and none is that short. */
const SHORTEST_SECRET = 4

const HIDDEN = '<redacted>'

/** @param secrets that the server was told, and may repeat */
export function saidByServer(text: string, secrets: readonly (Secret | undefined)[] = []): string {
  const shown = printable(redactText(without(text.slice(0, MOST_READ), secrets)))
  return shown.length > MOST_TOLD ? `${shown.slice(0, MOST_TOLD)}…` : shown
}

/** As they are, and as they stand in a form or an address. */
function without(text: string, secrets: readonly (Secret | undefined)[]): string {
  let rest = text
  for (const secret of secrets) {
    const plain = secret?.reveal() ?? ''
    if (plain.length < SHORTEST_SECRET) continue
    const encoded = [encodeURIComponent(plain), new URLSearchParams({ '': plain }).toString().slice(1)]
    for (const form of [plain, ...encoded]) rest = rest.replaceAll(form, HIDDEN)
  }
  return rest
}
