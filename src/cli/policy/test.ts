// `chaperone policy test`: does the policy decide what its cases expect?

import type { Command } from 'commander'
import { loadParser } from '../../analysis/postgres/analyze.ts'
import { loadConfig } from '../../config/load.ts'
import type { Config } from '../../config/schema.ts'
import { reasonOf } from '../../core/errors.ts'
import { compilePolicy, type Policy } from '../../policy/policy.ts'
import { listRecordings } from '../../recording/read.ts'
import { printable, printableJson } from '../terminal.ts'
import { type PolicyCase, readCases } from './cases.ts'
import { type Answer, ask } from './question.ts'
import { compareRecordings, type Rules } from './recordings.ts'
import { renderedComparison } from './recordings-view.ts'

const HELP = `
A case fails when the decision, or anything else that it expects, is another. Exit code 1 when any case fails.
A lockdown of the configuration is left out: cases are about rules, and must not keep it from coming into force.
Cases that depend on the time need \`at\`. docs/policy.md has the shape of the file.
With --recordings, the statements of recorded sessions are judged by the rules as they would have been then, and those that
are decided otherwise are listed; exit code 1 when there are any. --before compares with another configuration.

Examples:
  chaperone policy test policy-cases.yaml
  chaperone --config new.yaml policy test --recordings /var/lib/chaperone/recordings --before chaperone.yaml`

interface Options {
  readonly config: string
  readonly json?: boolean
  readonly recordings?: string
  readonly before?: string
}

interface Difference {
  readonly what: string
  readonly expected: string
  readonly got: string
}

interface Result {
  readonly file: string
  readonly name: string
  readonly differences: readonly Difference[]
}

export function registerPolicy(program: Command): void {
  program
    .command('policy')
    .description('work on the rules')
    .command('test')
    .description('compare what the policy decides with what cases expect')
    .argument('[files...]', 'YAML files of cases')
    .option('--recordings <directory>', 'judge the statements of recorded sessions')
    .option(
      '--before <file>',
      'with --recordings: a configuration to compare with, in place of what was decided then',
    )
    .option('--json', 'one JSON document instead of lines')
    .addHelpText('after', HELP)
    .action(async (files: readonly string[], _: unknown, command: Command) => {
      const options = command.optsWithGlobals<Options>()
      const { recordings, json = false, before } = options
      if ((files.length === 0) === (recordings === undefined))
        throw new Error('needs files of cases, or --recordings with a directory')
      if (before !== undefined && recordings === undefined) throw new Error('--before is for --recordings')
      if (recordings !== undefined) return testRecordings(recordings, options)
      const results = await testFiles(files, options.config)
      process.stdout.write(json ? `${printableJson(results)}\n` : rendered(results))
      if (results.some(({ differences }) => differences.length > 0)) process.exitCode = 1
    })
}

/** @throws ConfigError, PolicyError, and the file system's errors */
async function testRecordings(directory: string, { config, before, json = false }: Options): Promise<void> {
  const rulesOf = (path: string): Rules => {
    const loaded = loadConfig(path)
    return { config: loaded, policy: rulesAlone(loaded, path) }
  }
  const after = rulesOf(config)
  const compared = before === undefined ? undefined : rulesOf(before)
  await loadParser()
  const comparison = await compareRecordings(await listRecordings(directory), after, compared)
  process.stdout.write(
    json
      ? `${printableJson({ ...comparison, claiming: [...comparison.claiming] })}\n`
      : renderedComparison(comparison),
  )
  if (comparison.changes.length + comparison.skipped.length > 0) process.exitCode = 1
}

/** @throws ConfigError, PolicyError */
async function testFiles(files: readonly string[], path: string): Promise<readonly Result[]> {
  const config = loadConfig(path)
  const policy = rulesAlone(config, path)
  await loadParser()
  return files.flatMap((file) =>
    readCases(file).map((one) => ({ file, name: one.name, differences: tested(one, config, policy) })),
  )
}

/** What cases and recordings are held to: a lockdown would refuse them all, whatever the rules say. */
function rulesAlone(config: Config, path: string): Policy {
  if (config.lockdown !== undefined)
    process.stderr.write(
      `${printable(`${path} has a lockdown, which is left out here: the rules are judged`)}\n`,
    )
  return compilePolicy(config, [])
}

function tested(one: PolicyCase, config: Config, policy: Policy): Difference[] {
  const { resource, sql, who, source, application } = one
  const at = one.at === undefined ? undefined : Date.parse(one.at)
  try {
    const question = { resource, sql, ...who, source, application, at }
    return differencesOf(one.expect, ask(question, config, policy))
  } catch (error) {
    // A case that cannot be asked has not passed.
    return [{ what: 'case', expected: 'an answer', got: reasonOf(error) }]
  }
}

function differencesOf(expected: PolicyCase['expect'], answer: Answer): Difference[] {
  const found: Difference[] = []
  if (answer.outcome !== expected.decision) {
    const got = `${answer.outcome}: ${answer.reason}`
    found.push({ what: 'decision', expected: expected.decision, got })
  }
  if (expected.reason !== undefined && !answer.reason.includes(expected.reason)) {
    found.push({ what: 'reason', expected: `… ${expected.reason} …`, got: answer.reason })
  }
  const sets = { rules: answer.rules, shadow: answer.shadow, masks: answer.masks.map(({ id }) => id) }
  for (const what of ['rules', 'shadow', 'masks'] as const) {
    const wanted = expected[what]
    if (wanted === undefined || listed(wanted) === listed(sets[what])) continue
    found.push({ what, expected: listed(wanted), got: listed(sets[what]) })
  }
  return found
}

const listed = (names: readonly string[]) => [...new Set(names)].sort().join(', ') || 'none'

function rendered(results: readonly Result[]): string {
  const lines = results.flatMap(({ file, name, differences }) =>
    differences.length === 0
      ? []
      : [
          `failed: ${name} (${file})`,
          ...differences.flatMap(({ what, expected, got }) => [
            `  ${what}: expected ${expected}`,
            `  ${' '.repeat(what.length)}  got      ${got}`,
          ]),
        ],
  )
  const failed = results.filter(({ differences }) => differences.length > 0).length
  lines.push(`${results.length - failed} of ${results.length} cases pass`)
  return lines.map((line) => `${printable(line)}\n`).join('')
}
