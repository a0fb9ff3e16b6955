// `chaperone explain`: what a statement does, which rules mean it, and what would be decided, without running anything.
import { type Command, InvalidArgumentError, Option } from 'commander'
import { createAnalyzer, loadParser } from '../analysis/postgres/analyze.ts'
import { loadConfig } from '../config/load.ts'
import type { Config, ResourceConfig } from '../config/schema.ts'
import type { ColumnMention, Facts, StatementFacts } from '../core/facts.ts'
import type { SqlOperation } from '../core/operation.ts'
import type { Principal, PrincipalKind } from '../core/principal.ts'
import { compilePolicy, type Explanation } from '../policy/policy.ts'
import { describeAccess } from '../policy/wording.ts'
import { printable } from './terminal.ts'

const HELP = `
Names that EXECUTE and FETCH refer to are only known to a session; such statements are judged by what they say alone.
Who asks has no claims here: rules that demand some do not apply. Masks do not show in a decision: see chaperone check.

Example:
  chaperone explain --resource orders --as-groups analysts 'SELECT email FROM customers'`

interface Options {
  readonly config: string
  readonly resource: string
  readonly asGroups: readonly string[]
  readonly asSubject: string
  readonly kind: PrincipalKind
}

export function registerExplain(program: Command): void {
  program
    .command('explain')
    .description('show what a statement does and what the policy would decide')
    .argument('<sql>', 'one or more statements')
    .requiredOption('--resource <name>', 'where it would run')
    .option('--as-groups <list>', 'groups of who asks, separated by commas', commaList, [])
    .option('--as-subject <subject>', 'subject of who asks', 'somebody')
    .addOption(
      new Option('--kind <kind>', 'kind of who asks').choices(['person', 'workload']).default('person'),
    )
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

/** @throws ConfigError, PolicyError, and Error when there is no such resource */
async function explainText(sql: string, options: Options): Promise<string> {
  const config = loadConfig(options.config)
  const policy = compilePolicy(config)
  const resource = Object.hasOwn(config.resources, options.resource)
    ? config.resources[options.resource]
    : undefined
  if (resource === undefined) throw new Error(unknownResource(options.resource, config))
  const facts = await analyzed(sql, resource)
  if (typeof facts === 'string') return `${printable(facts)}\n`
  const principal = principalOf(options)
  const operation: SqlOperation = {
    kind: 'sql',
    sequence: 1,
    text: sql,
    facts,
    phase: 'query',
    parameters: [],
    behind: [],
  }
  const circumstances = { at: Date.now(), source: '127.0.0.1:0' }
  const explanation = policy.explain(principal, options.resource, operation, circumstances)
  return render(facts, explanation, policy.mayReach(principal, options.resource, circumstances))
}

function unknownResource(name: string, { resources }: Config): string {
  return `there is no resource ${name}; there is ${Object.keys(resources).join(', ')}`
}

async function analyzed(sql: string, resource: ResourceConfig): Promise<Facts | string> {
  await loadParser()
  const trustedFunctions = resource.trusted_functions
  const result = createAnalyzer({ trustedFunctions, maxBytes: resource.limits.statement }).analyze(sql)
  if (result.kind === 'facts') return result.facts
  if (result.kind === 'too-large') return `refused: longer than ${result.limit} bytes`
  const place = result.position === undefined ? '' : ` (character ${result.position})`
  return `refused: ${result.message}${place}`
}

function principalOf({ asGroups, asSubject, kind }: Options): Principal {
  return {
    issuer: 'explain',
    subject: asSubject,
    kind,
    name: asSubject,
    groups: asGroups,
    claims: {},
    method: 'oidc',
    expiresAt: Number.POSITIVE_INFINITY,
  }
}

function render(facts: Facts, explanation: Explanation, reachable: boolean): string {
  const { decision, verdicts, applicable } = explanation
  const lines = [
    ...facts.statements.map(statementLine),
    `rules that apply: ${applicable.length === 0 ? 'none' : applicable.join(', ')}`,
    ...(reachable ? [] : ['no rule in force lets this principal reach the resource: the login is refused']),
    ...verdicts.flatMap(({ access, outcome, rules, builtIn, shadow }) => [
      `  ${outcome.padEnd(5)} ${describeAccess(access)}: ${rules.map((rule) => rule.id).join(', ') || builtIn}`,
      ...shadow.map((hit) => `        in shadow, rule ${hit.rule} would ${hit.outcome} it`),
    ]),
    `decision: ${decision.outcome}: ${decision.reason}`,
    ...(decision.hint === undefined ? [] : [`hint: ${decision.hint}`]),
  ]
  return lines.map((line) => `${printable(line)}\n`).join('')
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
