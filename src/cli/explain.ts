// `chaperone explain`: what a statement does, which rules mean it, and what would be decided, without running anything.
import { type Command, InvalidArgumentError, Option } from 'commander'
import { z } from 'zod'
import { loadParser } from '../analysis/postgres/analyze.ts'
import { loadConfig } from '../config/load.ts'
import type { Obligations, RuleHit } from '../core/decision.ts'
import type { ColumnMention, StatementFacts } from '../core/facts.ts'
import type { PrincipalKind } from '../core/principal.ts'
import { compilePolicy } from '../policy/policy.ts'
import { describeAccess } from '../policy/wording.ts'
import { type Answer, ask } from './policy/question.ts'
import { printable, printableJson } from './terminal.ts'

const HELP = `
Names that EXECUTE and FETCH refer to are only known to a session; such statements are judged by what they say alone.
Functions and views that only the server's catalog tells are not looked up. Masks are those that may touch a relation named;
what they refuse or hold (docs/masking.md, "Probes") is in the decision.

Examples:
  chaperone explain --resource orders --as-groups analysts 'SELECT email FROM customers'
  chaperone explain --resource orders --issuer corp --as-groups analysts,eu --source 10.1.2.3 'DELETE FROM customers'`

interface Options {
  readonly config: string
  readonly resource: string
  readonly asGroups?: readonly string[]
  readonly asSubject: string
  readonly kind?: PrincipalKind
  readonly issuer?: string
  readonly claim?: Readonly<Record<string, unknown>>
  readonly source?: string
  readonly application?: string
  readonly at?: number
  readonly json?: boolean
}

export function registerExplain(program: Command): void {
  program
    .command('explain')
    .description('show what a statement does and what the policy would decide')
    .argument('<sql>', 'one or more statements')
    .requiredOption('--resource <name>', 'where it would run')
    .option('--as-groups <list>', 'groups of who asks, separated by commas (none when absent)', commaList)
    .option('--as-subject <subject>', 'subject of who asks', 'somebody')
    .addOption(new Option('--kind <kind>', 'kind of who asks').choices(['person', 'workload']))
    .option('--issuer <name>', 'the issuer or certificate identity that vouches for them')
    .option('--claim <name=value>', 'a claim of who asks; a value that is JSON is taken as it', claim)
    .option('--source <address>', 'where they come from (127.0.0.1 when absent)')
    .option('--application <name>', 'the application_name of the login')
    .option('--at <time>', 'when, as 2026-11-25T12:00:00Z (now when absent)', moment)
    .option('--json', 'for programs')
    .addHelpText('after', HELP)
    .action(async (sql: string, _: unknown, command: Command) => {
      process.stdout.write(await explainText(sql, command.optsWithGlobals<Options>()))
    })
}

function commaList(text: string): string[] {
  const items = text.split(',').map((item) => item.trim())
  if (items.some((item) => item === '')) throw new InvalidArgumentError('needs names between its commas')
  return items
}

function claim(text: string, before: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const [, name, value = ''] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  if (name === undefined) throw new InvalidArgumentError('needs name=value')
  try {
    return { ...before, [name]: JSON.parse(value) as unknown }
  } catch {
    return { ...before, [name]: value }
  }
}

function moment(text: string): number {
  // Without an offset it would mean another moment on another machine.
  const parsed = z.iso.datetime({ offset: true }).safeParse(text)
  if (!parsed.success) throw new InvalidArgumentError('needs a time with its offset, as 2026-11-25T12:00:00Z')
  return Date.parse(parsed.data)
}

/** @throws ConfigError, PolicyError, and Error for a resource, issuer or source that cannot be meant */
async function explainText(sql: string, options: Options): Promise<string> {
  const config = loadConfig(options.config)
  const policy = compilePolicy(config)
  await loadParser()
  const { resource, kind, issuer, source, application, at } = options
  const who = {
    subject: options.asSubject,
    groups: options.asGroups ?? [],
    kind,
    issuer,
    claims: options.claim,
  }
  const answer = ask({ resource, sql, ...who, source, application, at }, config, policy)
  return options.json === true ? `${printableJson(asJson(answer, policy.version))}\n` : render(answer)
}

function asJson({ judged, ...answer }: Answer, policyVersion: string) {
  if (judged === undefined) return { ...answer, policyVersion }
  const { facts, reachable, explanation } = judged
  return {
    ...answer,
    policyVersion,
    reachable,
    obligations: explanation.decision.obligations,
    hold: explanation.decision.hold,
    applicable: explanation.applicable,
    others: explanation.others,
    accesses: explanation.verdicts.map(({ access, outcome, rules, builtIn, shadow }) => ({
      access,
      outcome,
      rules: rules.map((rule) => rule.id),
      builtIn,
      shadow: shadow.map((hit) => hit.rule),
    })),
    statements: facts.statements,
  }
}

function render(answer: Answer): string {
  if (answer.judged === undefined) return `${printable(`refused: ${answer.reason}`)}\n`
  const { facts, explanation, reachable } = answer.judged
  const { decision, verdicts, applicable, others } = explanation
  const lines = [
    ...facts.statements.map(statementLine),
    `rules that apply: ${applicable.length === 0 ? 'none' : applicable.join(', ')}`,
    ...(reachable ? [] : ['no rule in force lets this principal reach the resource: the login is refused']),
    ...verdicts.flatMap(({ access, outcome, rules, builtIn, shadow }) => [
      `  ${outcome.padEnd(5)} ${describeAccess(access)}: ${rules.map((rule) => rule.id).join(', ') || builtIn}`,
      ...shadow.map((hit) => `        in shadow, rule ${hit.rule} would ${shadowVerb(hit)}`),
    ]),
    ...others.map(({ rule, why }) => `  rule ${rule} does not count: ${why}`),
    ...answer.masks.map(({ id, strategy, columns, detect }) =>
      detect === undefined
        ? `mask ${id}: ${strategy} ${columns.join(', ')}, where it comes back`
        : `mask ${id}: ${strategy} what looks like ${detect.join(', ')}, wherever it comes back`,
    ),
    ...(decision.obligations === undefined ? [] : obligationLines(decision.obligations)),
    `decision: ${decision.outcome}: ${decision.reason}`,
    ...(decision.hint === undefined ? [] : [`hint: ${decision.hint}`]),
  ]
  return lines.map((line) => `${printable(line)}\n`).join('')
}

const shadowVerb = ({ outcome, obliges }: RuleHit) => (obliges ? 'add its limits' : `${outcome} it`)

function obligationLines({ limits }: Obligations): string[] {
  return [...limits.map(({ rule, ...limit }) => `limits of rule ${rule}: ${JSON.stringify(limit)}`)]
}

/** `public.customers.ssn (predicate, sort)`. */
function mentionText({ column, relation, uses }: ColumnMention): string {
  const path = [relation?.schema, relation?.name, column].filter((part) => part !== undefined).join('.')
  return uses.length === 0 ? path : `${path} (${uses.join(', ')})`
}

function statementLine({ command, columns, returnsRows, incomplete }: StatementFacts): string {
  const named = columns.length === 0 ? '' : `, columns ${columns.map(mentionText).join(', ')}`
  const rows = returnsRows ? ', gives rows' : ''
  return `${command}${named}${rows}${incomplete === undefined ? '' : `; not understood: ${incomplete}`}`
}
