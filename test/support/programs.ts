// Programs in other languages that play the driver matrix: each on a driver of its own, made ready in the cache.
import { execFile, execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { cache, python } from './python.ts'

const exec = promisify(execFile)

export type Program = 'asyncpg' | 'sqlalchemy' | 'pgx' | 'jdbc'
/** `same` must look as it does without Chaperone; `guarded` meets masks and refusals; in `quiet` nothing comes for seconds */
export type Part = 'same' | 'guarded' | 'quiet'

const PGJDBC = 'org.postgresql:postgresql:42.7.8'
const JAR = join(cache, 'jdbc', 'postgresql-42.7.8.jar')
/** Fetching and building, also on a busy machine. */
const PREPARE_MS = 300_000
/** Far above what the steps need. */
const RUN_MS = 90_000
/** The largest result is some hundred kilobytes. */
const MAX_OUTPUT = 64 * 1024 * 1024

const folder = fileURLToPath(new URL('programs/', import.meta.url))

interface Command {
  readonly file: string
  readonly args: readonly string[]
}

const COMMANDS: Readonly<Record<Program, (part: Part) => Promise<Command>>> = {
  asyncpg: async () => ({ file: await python(), args: [join(folder, 'asyncpg_program.py')] }),
  sqlalchemy: async () => ({ file: await python(), args: [join(folder, 'sqlalchemy_program.py')] }),
  pgx: async () => ({ file: await buildPgx(), args: [] }),
  jdbc: async (part) => ({
    file: 'java',
    args: [
      '-cp',
      await fetchPgjdbc(),
      join(folder, 'jdbc', part === 'quiet' ? 'Quiet.java' : 'Program.java'),
    ],
  }),
}

const TOOLS: Readonly<Record<Program, readonly (readonly string[])[]>> = {
  asyncpg: [['python3', '--version']],
  sqlalchemy: [['python3', '--version']],
  pgx: [['go', 'version']],
  jdbc: [
    ['javac', '-version'],
    ['mvn', '--version'],
  ],
}

/** The tool that a program wants and this machine has not; undefined when it can run. */
export function missingTool(program: Program): string | undefined {
  const missing = TOOLS[program].find(([file = '', ...args]) => !runs(file, args))
  return missing?.[0]
}

function runs(file: string, args: readonly string[]): boolean {
  try {
    execFileSync(file, args, { stdio: 'ignore', timeout: PREPARE_MS })
    return true
  } catch {
    return false
  }
}

/** Built once for each state of its source. */
async function buildPgx(): Promise<string> {
  const source = join(folder, 'pgx')
  const hash = createHash('sha256')
  for (const file of ['main.go', 'quiet.go', 'go.mod', 'go.sum'])
    hash.update(readFileSync(join(source, file)))
  const binary = join(cache, 'pgx', hash.digest('hex').slice(0, 16))
  if (existsSync(binary)) return binary
  await mkdir(join(cache, 'pgx'), { recursive: true })
  const aside = await mkdtemp(join(cache, 'pgx', 'build-'))
  try {
    await exec('go', ['build', '-o', join(aside, 'program'), '.'], { cwd: source, timeout: PREPARE_MS })
    await rename(join(aside, 'program'), binary)
  } finally {
    await rm(aside, { recursive: true, force: true })
  }
  return binary
}

async function fetchPgjdbc(): Promise<string> {
  if (existsSync(JAR)) return JAR
  const plugin = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy'
  const args = ['-q', '-B', plugin, `-Dartifact=${PGJDBC}`, `-DoutputDirectory=${join(cache, 'jdbc')}`]
  await exec('mvn', args, { timeout: PREPARE_MS })
  return JAR
}

/**
 * Runs one part of a program and gives what it printed: an object with an entry for each step.
 *
 * @param environment libpq's variables, which name the server; the password is where `ps` does not show it
 * @throws Error when the program cannot be made, fails, or does not end in time
 */
export async function runProgram(
  program: Program,
  part: Part,
  environment: Readonly<Record<string, string>>,
): Promise<Record<string, unknown>> {
  const { file, args } = await COMMANDS[program](part)
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, PYTHONDONTWRITEBYTECODE: '1', ...environment }
  const { stdout } = await exec(file, [...args, part], {
    env,
    timeout: RUN_MS,
    killSignal: 'SIGKILL',
    maxBuffer: MAX_OUTPUT,
  })
  return JSON.parse(stdout) as Record<string, unknown>
}
