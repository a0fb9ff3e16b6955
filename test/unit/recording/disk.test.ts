import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import type { AppendOnlyFile } from '../../../src/recording/file.ts'
import { recordSession } from '../../../src/recording/session.ts'
import { verifyRecording } from '../../../src/recording/verify.ts'
import { header, statement } from '../../support/recording.ts'
import { temporaryDirectory } from '../../support/tmp.ts'

const script = fileURLToPath(new URL('../../support/record-until-it-fails.ts', import.meta.url))

it('a disk that takes no more ends the session with its error; what was flushed before stays good', async () => {
  const home = temporaryDirectory('full-disk')
  // bash counts ulimit -f in KiB: the kernel then takes a part of a write and refuses the rest, as a full disk does
  const run = spawnSync(
    'bash',
    ['-c', 'ulimit -f 64; exec "$0" --import tsx "$1" "$2"', process.execPath, script, home.path],
    {
      encoding: 'utf8',
      env: { ...process.env, NODE_OPTIONS: '' },
    },
  )
  expect(run.stdout).toMatch(/append or flush: the recording \S+\.jsonl cannot be written: EFBIG/)
  expect(run.stdout).toContain('afterwards: the recording of session s-1 is failed')
  expect(run.stdout).toContain('close: quiet')
  const [name = ''] = readdirSync(join(home.path, 'recordings'))
  const verdict = await verifyRecording(join(home.path, 'recordings', name))
  expect(verdict).toMatchObject({ state: 'unfinished' })
  home.remove()
})

it('a write that fails is never tried again, and its file is closed once', () => {
  let writes = 0
  let closed = 0
  const file: AppendOnlyFile = {
    write: () => {
      writes++
      if (writes === 2) throw new Error('EIO')
    },
    close: () => {
      closed++
    },
  }
  const session = recordSession(file, header, { level: 'full', limit: 1e6, clock: () => 0 })
  session.append(statement)
  expect(() => session.flush()).toThrow('EIO')
  expect(() => session.append(statement)).toThrow('is failed')
  session.close('x')
  expect([writes, closed]).toEqual([2, 1])
})
