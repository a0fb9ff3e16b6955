// A process of its own that records until the disk refuses, and prints how the recorder took it.
import { join } from 'node:path'
import { createRecorder } from '../../src/recording/recorder.ts'
import { header, statement } from './recording.ts'

const directory = join(process.argv[2] ?? '', 'recordings')
const session = createRecorder({ directory, level: 'full', max_session: 1e9 }).open(header)

const message = (error: unknown) => (error instanceof Error ? error.message : String(error))

function attempt(work: () => void): string {
  try {
    work()
    return 'quiet'
  } catch (error) {
    return message(error)
  }
}

const bytes = Buffer.alloc(5000, 'x')
const failure = attempt(() => {
  for (let i = 0; i < 1000; i++) {
    session.append(statement)
    session.append({ kind: 'result', bytes })
    session.flush()
  }
})
process.stdout.write(`append or flush: ${failure}\n`)
process.stdout.write(`afterwards: ${attempt(() => session.append(statement))}\n`)
process.stdout.write(`close: ${attempt(() => session.close('disk'))}\n`)
