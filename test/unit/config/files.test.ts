// Files that the configuration names: there, readable, and what they should be.
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { checkFiles } from '../../../src/config/files.ts'
import { parseConfig } from '../../../src/config/load.ts'
import { changed } from '../../support/config.ts'
import { createAuthority } from '../../support/keys.ts'
import { temporaryDirectory } from '../../support/tmp.ts'

const directory = temporaryDirectory('files')
afterAll(() => directory.remove())
const ca = createAuthority(join(directory.path, 'tls'))
const other = ca.issue({ name: 'other' })
const expired = ca.issue({ name: 'expired', days: -1 })
beforeEach(() => void ca.issue({ name: 'server' }))

const text = changed('{ mode: disable }', '{ mode: verify-full, ca: tls/ca.crt }')
const problems = (yaml = text) =>
  checkFiles(parseConfig(yaml, join(directory.path, 'chaperone.yaml'))).map(
    ({ path, message }) => `${path.join('.')}: ${message}`,
  )

describe('files', () => {
  it('that are all there are no problem, and secrets are not looked at here', () => {
    expect(problems()).toEqual([])
    expect(problems(changed('env: ORDERS_PASSWORD', 'file: none', text))).toEqual([])
  })

  it('that are missing are all reported', () => {
    rmSync(join(directory.path, 'tls/server.key'))
    expect(problems(changed('tls/ca.crt', 'tls/no.crt', text))).toEqual([
      expect.stringMatching(/^certificates\.server\.key: .*server\.key does not exist$/),
      expect.stringMatching(/^resources\.orders\.upstream\.tls\.ca: .*no\.crt does not exist$/),
    ])
  })

  it('that hold something else are told apart', () => {
    writeFileSync(join(directory.path, 'tls/server.key'), 'hello')
    writeFileSync(join(directory.path, 'tls/server.crt'), 'hello')
    expect(problems()).toEqual([
      expect.stringContaining('holds no certificate'),
      expect.stringContaining('private key'),
    ])
  })

  it('with a key of another certificate, or a certificate that has expired, are refused', () => {
    expect(problems(changed('tls/server.key', other.key, text))).toEqual([
      'certificates.server.key: is not the key of the certificate',
    ])
    const pair = changed('tls/server.key', expired.key, changed('tls/server.crt', expired.certificate, text))
    expect(problems(pair)).toEqual([expect.stringContaining('expired at')])
  })

  it('that are to be written need a place that this user may write to', () => {
    expect(problems(`${text}audit: { file: new/audit.log }\nrecordings: { directory: rec }\n`)).toEqual([])
    expect(problems(`${text}audit: { file: tls/ca.crt/audit.log }\n`)).toEqual([
      expect.stringContaining('may not be written'),
    ])
  })
})
