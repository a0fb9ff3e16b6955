// Opens one recording per session in the configured directory.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config/schema.ts'
import { turnTime } from '../core/turn-time.ts'
import type { SessionHeader } from './event.ts'
import { createFile, prepareDirectory } from './file.ts'
import { recordingName, sessionIn } from './name.ts'
import { recordSession, type SessionRecording } from './session.ts'

export interface Recorder {
  /** Throws when the recording cannot be made: the session must then be refused. */
  open(header: SessionHeader): SessionRecording
}

const nothing: SessionRecording = {
  level: 'off',
  append: () => {},
  flush: () => {},
  close: () => ({ events: 0, hash: '' }),
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
      const name = recordingName(header)
      if (sessionIn(name) === undefined) throw new Error('invariant: a session id does not fit a file name')
      const path = join(directory, name)
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
