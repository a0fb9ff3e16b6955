// What every target of the fuzzer is made of.
import type { Random } from './mutate.ts'

export interface Target {
  readonly name: string
  /** makes one input and runs it; @throws what a user would call a crash, with the input in its text */
  run(next: Random): void
}

type Allowed = new (...args: never[]) => Error

/** Runs the work, which may throw nothing but what is allowed. */
export function guarded(
  input: string | Uint8Array | readonly string[],
  allowed: readonly Allowed[],
  work: () => unknown,
): void {
  try {
    work()
  } catch (error) {
    if (allowed.some((kind) => error instanceof kind)) return
    const shown = input instanceof Uint8Array ? Buffer.from(input).toString('hex') : JSON.stringify(input)
    throw new Error(`${error instanceof Error ? error.stack : String(error)}\ninput: ${shown}`)
  }
}

/** Cut somewhere, into two. */
export function pieces(bytes: Uint8Array, next: Random): Uint8Array[] {
  const at = next(bytes.length + 1)
  return [bytes.subarray(0, at), bytes.subarray(at)].filter((piece) => piece.length > 0)
}
