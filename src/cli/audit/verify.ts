// `chaperone audit verify`: is the audit log still what was written?

import { existsSync } from 'node:fs'
import { type Command, InvalidArgumentError } from 'commander'
import { verifyAudit } from '../../audit/verify.ts'
import { loadConfig } from '../../config/load.ts'
import { workerConfig } from '../../config/workers.ts'
import { reasonOf } from '../../core/errors.ts'
import { type Print, printable, standardOutput } from '../terminal.ts'
import { type Beginning, beginningOf, type Verdict } from './beginning.ts'

const OK = 0
const TAMPERED = 1
const INCOMPLETE = 3
const GAP = 4

const HELP = `
Files that were rotated away are named as well, in any order: each event has the hash of the one before it, over files. Without
names it is audit.file of the configuration, and those of its workers.
Who may write a file can leave out its end, or write it anew from the beginning: note the hash that this prints where others
cannot reach, and ask for it later with --has. Before a rotated file is removed, note its last hash: with --after what goes on
from it is ok; without, nobody can tell whether the beginning of the next was removed as well.
Exit code 0: all ok; 1: at least one tampered, not readable, or without the hash that was asked for; 3: events are missing before
the first of these files, which may have been rotated away; 4: events are missing between two of them.

Examples:
  chaperone audit verify
  chaperone audit verify audit.jsonl audit.jsonl.1 audit.jsonl.2 --has 8fead3cf51aa97142ea3f3849f60a549…
  chaperone audit verify audit.jsonl audit.jsonl.1 --after 5b1c0e77d1f2a64be9a3c6d24b8f10c7…     audit.jsonl.2 is gone`

interface Options {
  readonly config: string
  readonly has?: readonly string[]
  readonly after?: readonly string[]
}

export function registerAudit(program: Command, print: Print = standardOutput): void {
  program
    .command('audit')
    .description('verify the audit log')
    .command('verify [files...]')
    .description('whether audit logs are unchanged, and follow each other')
    .option('--has <hash>', 'of an event that has to be there; may be given again', collected)
    .option(
      '--after <hash>',
      'of an event that may be gone with those before it; may be given again',
      collected,
    )
    .addHelpText('after', HELP)
    .action(async (files: readonly string[], _: unknown, command: Command) => {
      const { config, has = [], after = [] } = command.optsWithGlobals<Options>()
      process.exitCode = await verifyAll(files.length > 0 ? files : configured(config), { has, after }, print)
    })
}

function collected(hash: string, before: readonly string[] = []): readonly string[] {
  if (!/^[0-9a-f]{64}$/.test(hash)) throw new InvalidArgumentError('64 hexadecimal digits.')
  return [...before, hash]
}

/** @throws Error when nothing is written to files */
function configured(path: string): string[] {
  const config = loadConfig(path)
  const { file } = config.audit
  if (file === undefined) throw new Error('the configuration has no audit.file: name the files to verify')
  const { workers } = config.processor
  const ofWorkers = Array.from({ length: workers }, (_, n) => workerConfig(config, n + 1).audit.file ?? file)
  // What nothing was written to yet is not there.
  return workers === 1 ? [file] : [file, ...ofWorkers.filter((one) => existsSync(one))]
}

async function verifyAll(
  files: readonly string[],
  { has, after }: Required<Pick<Options, 'has' | 'after'>>,
  print: Print,
): Promise<number> {
  const missing = new Set(has)
  const verdicts = new Map<string, Verdict>()
  for (const file of files) {
    verdicts.set(file, await verdictOf(file, (hash) => missing.delete(hash)))
  }
  const codes: number[] = []
  for (const [file, verdict] of verdicts) {
    const beginning = beginningOf(file, verdict, verdicts, after)
    codes.push(codeOf(verdict, beginning))
    await print(`${printable(`${file}: ${wording(verdict, beginning)}`)}\n`)
  }
  for (const hash of missing) await print(`no event has the hash ${hash}\n`)
  if (missing.size > 0) return TAMPERED
  return [TAMPERED, GAP, INCOMPLETE].find((code) => codes.includes(code)) ?? OK
}

async function verdictOf(file: string, told: (hash: string) => void): Promise<Verdict> {
  let from: string | undefined
  let to: string | undefined
  try {
    const verdict = await verifyAudit(file, (hash, event) => {
      told(hash)
      to = timeOf(event)
      from ??= to
    })
    return verdict.state === 'ok' ? { ...verdict, from, to } : verdict
  } catch (error) {
    return { state: 'unreadable', reason: reasonOf(error) }
  }
}

const timeOf = (event: object): string | undefined =>
  'time' in event && typeof event.time === 'string' ? event.time : undefined

function codeOf(verdict: Verdict, { kind }: Beginning): number {
  if (verdict.state !== 'ok' || kind === 'forked') return TAMPERED
  if (kind === 'gap') return GAP
  return kind === 'unknown' ? INCOMPLETE : OK
}

function wording(verdict: Verdict, beginning: Beginning): string {
  if (verdict.state === 'unreadable') return `cannot be read: ${verdict.reason}`
  if (verdict.state === 'tampered') return `tampered at line ${verdict.line}: ${verdict.reason}`
  if (beginning.kind === 'forked') return `tampered: ${beginning.file} goes on from the same event`
  const { events, torn, last } = verdict
  if (last === undefined) return 'ok, no events'
  const left = torn === 0 ? '' : `, ${torn} lines of events that did not count`
  return `${opening(beginning)}, ${events} events${left}, ends in ${last}`
}

function opening(beginning: Exclude<Beginning, { kind: 'forked' }>): string {
  switch (beginning.kind) {
    case 'first':
      return 'ok, begins a chain'
    case 'behind':
      return `ok, goes on from ${beginning.file}`
    case 'noted':
      return `ok, goes on from the noted event ${beginning.after}`
    case 'unknown':
      return `incomplete: what is before its first event, ${beginning.after}, is in none of these files`
    case 'gap':
      return `a gap: between ${beginning.file} and it events are missing, of which the last is ${beginning.after}`
  }
}
