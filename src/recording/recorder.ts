// Opens one recording per session in the configured directory.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config/schema.ts'
import { turnTime } from '../core/turn-time.ts'
import type { SessionHeader } from './event.ts'
import { createFile, prepareDirectory } from './file.ts'
import { recordSession, type SessionRecording } from './session.ts'

export interface Recorder {
  /** Throws when the recording cannot be made: the session must then be refused. */
  open(header: SessionHeader): SessionRecording
}

const SESSION_ID = /^[A-Za-z0-9_-]{1,64}$/

const nothing: SessionRecording = {
  append: () => {},
  flush: () => {},
  close: () => ({ events: 0, bytes: 0, hash: '' }),
}

/** UTC in the basic format of ISO 8601, so that names sort by time and need no quoting. */
function fileName(header: SessionHeader): string {
  const time = new Date(header.startedAt).toISOString().replace(/[-:]/g, '')
  return `${time}_${header.session}.jsonl`
}

/** Throws when the directory cannot be made or is open to all users. `clock` is monotonic, in milliseconds. */
export function createRecorder(config: Config['recordings'], clock: () => number = turnTime): Recorder {
  const { directory } = config
  if (directory === undefined) return { open: () => nothing }
  prepareDirectory(directory)
  return {
    open(header) {
      const level = header.level ?? config.level
      if (level === 'off') return nothing
      if (!SESSION_ID.test(header.session))
        throw new Error('invariant: a session id does not fit a file name')
      const path = join(directory, fileName(header))
      const file = createFile(path)
      try {
        return recordSession(file, header, { level, limit: config.max_session, clock })
      } catch (error) {
        // It tells of nothing that happened, and clients that try again would fill the directory.
        rmSync(path, { force: true })
        throw error
      }
    },
  }
}
