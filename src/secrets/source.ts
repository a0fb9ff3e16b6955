// Where one secret comes from. Another kind of source implements this and joins the table in secrets.ts.
import type { Secret } from '../core/secret.ts'

export interface SecretSource {
  /** the present value; it stays the last good one when the source fails later */
  get(): Secret
  /** Starts to look for changes; at most one watcher. */
  watch(watcher: SecretWatcher): void
  close(): void
}

export interface SecretWatcher {
  /** `get` gives a new value from now on */
  changed(): void
  /** the source could not be read; told once until it can be read again */
  failed(reason: string): void
  /** the source can be read again, with or without a new value */
  recovered(): void
}

/** A secret that cannot be had. The message never holds a value. */
export class SecretError extends Error {
  override readonly name = 'SecretError'
}

/** Longer than any password or key, and short enough to hold many. */
export const MAX_SECRET_BYTES = 64 * 1024

/** @throws SecretError for a value that no server would take, and that is more likely a mistake */
export function checkValue(value: string, from: string): string {
  if (value === '') throw new SecretError(`${from} is empty`)
  if (Buffer.byteLength(value) > MAX_SECRET_BYTES) {
    throw new SecretError(`${from} is longer than ${MAX_SECRET_BYTES} bytes`)
  }
  // C strings end there, so a server would see another secret than ours
  if (value.includes('\0')) throw new SecretError(`${from} has a NUL byte`)
  return value
}
