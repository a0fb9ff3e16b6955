// A file that changes while it is looked at: whatever is told last is what was read last.
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { watchFile } from '../../../../src/cli/reload/watch-file.ts'
import { type TemporaryDirectory, temporaryDirectory } from '../../../support/tmp.ts'

let home: TemporaryDirectory
let path: string
beforeEach(() => {
  home = temporaryDirectory('watch')
  path = join(home.path, 'file')
})
afterEach(() => home.remove())

/** As deployments do. */
function replace(text: string): void {
  writeFileSync(`${path}.new`, text)
  renameSync(`${path}.new`, path)
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

it('a look that has begun before tells no older text after a newer one', async () => {
  replace('0')
  const told: number[] = []
  const tell = (text: string) => void told.push(Number(text))
  const watch = watchFile(path, { changed: tell, failed: (reason) => expect(reason).toBe('') }, 0)
  for (let n = 1; n <= 150; n++) {
    await pause(4)
    replace(String(n))
    // Whoever says that it changed says so twice, as two signals.
    await Promise.all([watch.read(tell), watch.read(tell)])
  }
  await pause(20)
  watch.end()
  expect(told).toContain(150)
  expect(told).toEqual([...told].sort((a, b) => a - b))
})
