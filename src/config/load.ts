// Reads chaperone.yaml. Either the whole configuration is good, or every problem is reported at once.
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { z } from 'zod'
import { findings } from './issues.ts'
import { resolvePaths } from './paths.ts'
import { ConfigError, type ConfigProblem, type Finding, joinPath } from './problems.ts'
import { checkReferences } from './references.ts'
import { withoutBroken } from './salvage.ts'
import { type Config, configSchema } from './schema.ts'
import { MAX_CONFIG_BYTES, type ParsedYaml, parseYaml } from './yaml.ts'

/**
 * @param path of the file; relative paths in it are relative to its directory
 * @throws ConfigError with every problem of syntax, shape and reference
 */
export function loadConfig(path: string): Config {
  return parseConfig(readText(path), path)
}

/** The same for text that was read already; `path` names it in problems and is where its paths start. */
export function parseConfig(text: string, path: string): Config {
  const yaml = parseYaml(text)
  if (yaml.problems.length > 0) throw new ConfigError(path, yaml.problems)
  const parsed = configSchema.safeParse(yaml.data)
  if (parsed.success) {
    const config = resolvePaths(parsed.data, dirname(resolve(path)))
    const found = checkReferences(config, yaml.data)
    if (found.length === 0) return config
    throw new ConfigError(path, placed(found, yaml))
  }
  const found = findings(parsed.error.issues, yaml.data)
  const rest = salvage(yaml.data, parsed.error)
  if (rest !== undefined) found.push(...checkReferences(rest, yaml.data))
  throw new ConfigError(path, placed(found, yaml))
}

/** Gives findings of later checks their place in the file. */
export function locateFindings(path: string, found: readonly Finding[]): ConfigProblem[] {
  return found.length === 0 ? [] : placedIn(readText(path), found)
}

/** The same in a text that was read already. */
export const placedIn = (text: string, found: readonly Finding[]): ConfigProblem[] =>
  placed(found, parseYaml(text))

function salvage(data: unknown, error: z.ZodError): Config | undefined {
  const entries = withoutBroken(data, error.issues, 2)
  const first = configSchema.safeParse(entries)
  if (first.success) return first.data
  return configSchema.safeParse(withoutBroken(entries, first.error.issues, 1)).data
}

/** With its place in the file. */
export function placedAt({ locate }: Pick<ParsedYaml, 'locate'>, { path, at = path, ...rest }: Finding) {
  return { path: joinPath(path), ...locate(at), ...rest }
}

function placed(found: readonly Finding[], yaml: ParsedYaml): ConfigProblem[] {
  const problems = found.map((one) => placedAt(yaml, one))
  return problems.sort((a, b) => a.line - b.line || a.column - b.column)
}

/** A named pipe must not make us wait for whoever writes it. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK

function readText(path: string): string {
  let bytes: Uint8Array
  try {
    bytes = readBounded(path)
  } catch (error) {
    throw new ConfigError(path, [{ path: '', message: reason(error) }])
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new ConfigError(path, [{ path: '', message: 'is not UTF-8 text' }])
  }
}

function readBounded(path: string): Uint8Array {
  const file = openSync(path, FLAGS)
  try {
    if (!fstatSync(file).isFile()) throw new Error('is not a file')
    const buffer = Buffer.alloc(MAX_CONFIG_BYTES + 1)
    const length = readSync(file, buffer, 0, buffer.length, 0)
    if (length > MAX_CONFIG_BYTES) throw new Error(`is longer than ${MAX_CONFIG_BYTES} bytes`)
    return buffer.subarray(0, length)
  } finally {
    closeSync(file)
  }
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error ? error.code : undefined
  if (code === 'ENOENT') return 'there is no such file; name another with --config or CHAPERONE_CONFIG'
  if (code === 'EACCES') return 'may not be read by this user'
  return error.message
}
