// Do the files that the configuration names exist, and are the certificates what they should be?
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { accessSync, constants, readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { textsWithFormat } from './json-schema.ts'
import type { Finding, Path } from './problems.ts'
import type { Config } from './schema.ts'

/** A chain or a bundle of authorities; the system's own has 250 KiB. */
const MAX_PEM_BYTES = 4 * 1024 * 1024

/**
 * A step of its own, since files may live elsewhere than the configuration is written.
 * Secrets are not among them: secrets/ reads those.
 * @param config with absolute paths, as loadConfig gives it
 */
export function checkFiles(config: Config, now = Date.now()): Finding[] {
  const found: Finding[] = []
  for (const { path, format, text } of textsWithFormat(config)) {
    if (path[0] === 'secrets') continue
    const problem = format === 'input-file' ? pemProblem(path, text, now) : outputProblem(format, text)
    if (problem !== undefined) found.push({ path, message: problem })
  }
  if (found.length === 0) found.push(...pairProblems(config))
  return found
}

function pemProblem(path: Path, file: string, now: number): string | undefined {
  const text = readText(file)
  if (typeof text !== 'string') return text.problem
  try {
    if (path.at(-1) === 'key') {
      createPrivateKey(text)
      return undefined
    }
    const certificate = new X509Certificate(text)
    const end = Date.parse(certificate.validTo)
    return end < now ? `${file} expired at ${new Date(end).toISOString()}` : undefined
  } catch {
    return `${file} holds no ${path.at(-1) === 'key' ? 'private key without a passphrase' : 'certificate'} in PEM`
  }
}

function pairProblems(config: Config): Finding[] {
  return Object.entries(config.certificates).flatMap(([name, pair]) => {
    const certificate = new X509Certificate(readFileSync(pair.certificate))
    const key = createPrivateKey(readFileSync(pair.key))
    if (certificate.checkPrivateKey(key)) return []
    return [{ path: ['certificates', name, 'key'], message: 'is not the key of the certificate' }]
  })
}

function readText(file: string): string | { readonly problem: string } {
  try {
    const status = statSync(file)
    if (!status.isFile()) return { problem: `${file} is not a file` }
    if (status.size > MAX_PEM_BYTES) return { problem: `${file} is longer than ${MAX_PEM_BYTES} bytes` }
    return readFileSync(file, 'utf8')
  } catch (error) {
    return { problem: `${file} ${reason(error)}` }
  }
}

function reason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOENT') return 'does not exist'
  return code === 'EACCES' ? 'may not be read by this user' : 'cannot be read'
}

/** What is written later: the nearest directory that exists must be ours to write to. */
function outputProblem(format: string, text: string): string | undefined {
  if (format !== 'output-path') return undefined
  let place = text
  for (;;) {
    try {
      accessSync(place, constants.W_OK)
      return undefined
    } catch (error) {
      const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
      if (!missing || dirname(place) === place) return `${place} may not be written by this user`
      place = dirname(place)
    }
  }
}
