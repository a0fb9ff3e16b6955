// `chaperone explain`: what a statement does, which rules mean it, and what would be decided, without running anything.
import { type Command, InvalidArgumentError, Option } from 'commander'
import { z } from 'zod'
import { loadParser } from '../analysis/postgres/analyze.ts'
import { loadConfig } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import type { Obligations, RuleHit } from '../core/decision.ts'
import type { ColumnMention, StatementFacts } from '../core/facts.ts'
import type { Operation } from '../core/operation.ts'
import type { PrincipalKind } from '../core/principal.ts'
import { describeRoutine, type ToldFunctions, toldFunctions } from '../core/routine.ts'
import { mayBreakGlass, statedIn } from '../core/stated.ts'
import { describeDetectors } from '../masking/detect/found.ts'
import { compilePolicy, type Policy } from '../policy/policy.ts'
import { describeAccess } from '../policy/wording.ts'
import { operationOf } from './connect/session.ts'
import { unnamedGroups } from './policy/named-groups.ts'
import { type Answer, ask, maskerOf, principalOf, type Question, resourceOf } from './policy/question.ts'
import { printable, printableJson } from './terminal.ts'

const HELP = `
Names that EXECUTE and FETCH refer to are only known to a session; such statements are judged by what they say alone.
Only with --connect the target's catalog is asked for what is behind views, parents, children and foreign keys, for code that no
statement shows, and for functions: by a session of Chaperone's own, with the credential of the resource, in which nothing of the
statement runs. Masks are those over columns that the statement mentions, or that are behind its names;
what they refuse or hold (docs/masking.md, "Probes") is in the decision.

Examples:
  chaperone explain --resource orders --as-groups analysts 'SELECT email FROM customers'
  chaperone explain --connect --resource orders --as-groups engineers 'INSERT INTO customers VALUES (1)'
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
  readonly connect?: boolean
  readonly database?: string
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
    .option('--connect', 'ask the catalog of the target, as a session would')
    .option('--database <name>', 'with --connect: of the resource (the first when absent)')
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
  if (options.database !== undefined && options.connect !== true)
    throw new Error('--database needs --connect')
  const who = {
    subject: options.asSubject,
    groups: options.asGroups ?? [],
    kind,
    issuer,
    claims: options.claim,
  }
  const question: Question = { resource, sql, ...who, source, application, at }
  const unseen = ask(question, config, policy)
  const sight = sightOf(options, config)
  // Without facts there is nothing to ask the catalog about.
  const answer =
    sight === 'asked' && unseen.judged !== undefined
      ? ask(question, config, policy, await seenBySession(question, options.database, config, policy))
      : unseen
  return options.json === true
    ? `${printableJson({ ...asJson(answer, policy.version), catalog: sight })}\n`
    : `${unnamedLines(question.groups, config)}${render(answer, sight, glassLines(answer, question, config))}`
}

/** A group that is misspelled is in no rule, and answers as somebody in no group. */
const unnamedLines = (groups: readonly string[], config: Config) =>
  unnamedGroups(groups, config)
    .map((group) => printable(`note: nothing in the configuration names the group ${group}`))
    .map((line) => `${line}\n`)
    .join('')

/** What a hold is to somebody who may go on without an approval. */
function glassLines({ judged }: Answer, question: Question, config: Config): string[] {
  const hold = judged?.explanation.decision.hold
  const principal = principalOf(question, resourceOf(question.resource, config), config)
  if (hold === undefined || !mayBreakGlass(principal, hold)) return []
  return statedIn(question.sql)?.breakGlass === true
    ? ['break-glass: it goes on at once without an approval, and the audit log says so']
    : ['break-glass: with /* break-glass: why */ it goes on at once without an approval']
}

/** Was the target's catalog asked? `never` where sessions of the resource do not ask it either. */
type Sight = 'asked' | 'not-asked' | 'never'

function sightOf({ resource, connect }: Options, config: Config): Sight {
  if (resourceOf(resource, config).process === 'requests-only') return 'never'
  return connect === true ? 'asked' : 'not-asked'
}

const UNSEEN =
  'what is behind views, parents, children and foreign keys, code that no statement shows, and what functions are'

const NOT_LOOKED_AT: Readonly<Record<Sight, readonly string[]>> = {
  asked: [],
  'not-asked': [`not looked at: ${UNSEEN}; sessions ask the target’s catalog for it, as --connect does`],
  never: [
    `not looked at: ${UNSEEN}; sessions of this resource do not look there either (process: requests-only)`,
  ],
}

async function seenBySession(
  question: Question,
  database: string | undefined,
  config: Config,
  policy: Policy,
): Promise<Operation> {
  const { resource, sql } = question
  const configured = resourceOf(resource, config)
  const principal = principalOf(question, configured, config)
  return operationOf(sql, {
    config,
    resource: configured,
    database: database ?? configured.databases[0] ?? '',
    principal,
    masker: maskerOf(policy.masks(principal, resource), resource),
    looksBehind: policy.looksBehind(principal, resource),
  })
}

function asJson({ judged, ...answer }: Answer, policyVersion: string) {
  if (judged === undefined) return { ...answer, policyVersion }
  const { facts, reachable, explanation, lockdown } = judged
  return {
    ...answer,
    policyVersion,
    reachable,
    lockdown,
    obligations: explanation.decision.obligations,
    ...toldFunctions(explanation.decision),
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

function render(answer: Answer, sight: Sight, glass: readonly string[]): string {
  if (answer.judged === undefined) return `${printable(`refused: ${answer.reason}`)}\n`
  const { facts, explanation, reachable, lockdown } = answer.judged
  const { decision, verdicts, applicable, others } = explanation
  const lines = [
    ...facts.statements.map(statementLine),
    `rules in force for them: ${applicable.length === 0 ? 'none' : applicable.join(', ')}`,
    ...(lockdown === undefined
      ? []
      : [`${lockdown}: everything is refused before any rule is asked, logins as well`]),
    ...(reachable || lockdown !== undefined
      ? []
      : ['no rule in force lets this principal reach the resource: the login is refused']),
    ...verdicts.flatMap(({ access, outcome, rules, builtIn, shadow }) => [
      `  ${outcome.padEnd(5)} ${describeAccess(access)}: ${rules.map((rule) => rule.id).join(', ') || builtIn}`,
      ...shadow.map((hit) => `        in shadow, rule ${hit.rule} would ${shadowVerb(hit)}`),
    ]),
    ...functionLines(decision),
    ...others.map(({ rule, why }) => `  rule ${rule} does not count: ${why}`),
    ...answer.masks.map(({ id, strategy, columns, detect }) =>
      detect === undefined
        ? `mask ${id}: ${strategy} ${columns.join(', ')}, where it comes back`
        : `mask ${id}: ${strategy} what looks like ${describeDetectors(detect)}, wherever it comes back`,
    ),
    ...(decision.obligations === undefined ? [] : obligationLines(decision.obligations)),
    ...NOT_LOOKED_AT[sight],
    `decision: ${decision.outcome}: ${decision.reason}`,
    ...(decision.hint === undefined ? [] : [`hint: ${decision.hint}`]),
    ...glass,
  ]
  return lines.map((line) => `${printable(line)}\n`).join('')
}

function functionLines({ functions = [], moreFunctions = 0 }: ToldFunctions): string[] {
  const lines = functions.map((one) => {
    const parts = [describeRoutine(one), ...one.settings.map((setting) => `SET ${setting}`), one.via]
    return `function ${one.signature}: ${parts.filter((part) => part !== undefined).join(', ')}`
  })
  return moreFunctions > 0 ? [...lines, `and ${moreFunctions} functions more`] : lines
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
