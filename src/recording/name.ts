// The name of a recording's file: when its session began, and which it is.

const FILE_NAME = /^\d{8}T\d{6}\.\d{3}Z_([A-Za-z0-9_-]{1,64})\.jsonl$/

/**
 * UTC in the basic format of ISO 8601, so that names sort by time and need no quoting.
 *
 * @param began.startedAt milliseconds since the epoch
 */
export function recordingName(began: { readonly startedAt: number; readonly session: string }): string {
  const time = new Date(began.startedAt).toISOString().replace(/[-:]/g, '')
  return `${time}_${began.session}.jsonl`
}

/** The session's id in the name of a file; undefined where it is not the name of a recording. */
export const sessionIn = (name: string): string | undefined => FILE_NAME.exec(name)?.[1]
