// One run of pg_regress, with the schedule that PostgreSQL itself uses.
import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { complaints, ROLE, startOpenStack, type Way } from '../support/open-stack.ts'

export interface Results {
  /** what psql printed, by test */
  readonly outputs: ReadonlyMap<string, string>
  /** tests whose output is the one that PostgreSQL expects */
  readonly passed: number
  readonly seconds: number
  /** warnings and errors of the services' own log */
  readonly complaints: readonly string[]
}

/** Sessions at once: what a machine of two cores takes without tests that time out. */
const CONNECTIONS = 4
const WITHIN = 30 * 60_000
/** Where pg_regress works, and the databases that its tests make and connect to. */
const DATABASES = ['postgres', 'template1', 'regression']

/**
 * @param inputs the suite's scripts, and what they are compared with
 * @param folder empty; results stay there to be looked at
 */
export async function runRegression(
  suite: string,
  way: Way,
  inputs: string,
  folder: string,
): Promise<Results> {
  prepare(folder)
  const open = await startOpenStack(way, DATABASES)
  try {
    const began = performance.now()
    const log = await pgRegress(join(suite, 'regress'), inputs, folder, open.environment)
    const seconds = (performance.now() - began) / 1000
    const passed = log.match(/\.\.\. ok /g)?.length ?? 0
    return {
      outputs: readOutputs(folder),
      passed,
      seconds,
      complaints: complaints(open.stack.services.log()),
    }
  } finally {
    await open.stop()
  }
}

/** The server's user writes here too (COPY TO a file). */
function prepare(folder: string): void {
  for (const path of ['', 'testtablespace', 'results', 'sql', 'expected']) {
    mkdirSync(join(folder, path), { recursive: true })
    chmodSync(join(folder, path), 0o777)
  }
}

function pgRegress(
  programs: string,
  inputs: string,
  folder: string,
  env: Readonly<Record<string, string>>,
): Promise<string> {
  const args = [
    `--host=${env['PGHOST']}`,
    `--port=${env['PGPORT']}`,
    `--user=${ROLE}`,
    '--bindir=',
    `--dlpath=${programs}`,
    `--inputdir=${inputs}`,
    `--outputdir=${folder}`,
    `--schedule=${join(inputs, 'parallel_schedule')}`,
    `--max-connections=${CONNECTIONS}`,
  ]
  const child = spawn(join(programs, 'pg_regress'), args, {
    cwd: folder,
    env,
    timeout: WITHIN,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let log = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      log += text
    })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    // its status tells whether tests differ from what is expected: here the ways are compared
    child.once('close', (_code, signal) => {
      if (signal !== null || !/ \d+ tests (passed|failed)|of \d+ tests/.test(log))
        return reject(new Error(`pg_regress did not come to its end:\n${log.slice(-4000)}`))
      resolve(log)
    })
  })
}

function readOutputs(folder: string): ReadonlyMap<string, string> {
  const results = join(folder, 'results')
  const files = readdirSync(results)
    .filter((file) => file.endsWith('.out'))
    .sort()
  return new Map(
    files.map((file) => [file.slice(0, -'.out'.length), readFileSync(join(results, file), 'utf8')]),
  )
}
