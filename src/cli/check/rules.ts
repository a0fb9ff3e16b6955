// Rules and masks in words. Whatever narrows a rule is told: one that is shown as wider than it is would be trusted wrongly.
import { peopleOfTerms } from '../../config/hold-terms.ts'
import type { Config, MaskRuleConfig, PolicyRuleConfig } from '../../config/schema.ts'
import { duration } from '../../core/duration.ts'
import { describeApproval } from '../../core/hold-terms.ts'
import { isForResource } from '../../core/resource-names.ts'
import { describeTimeWindow } from '../../core/time-window.ts'
import { describeDetectors } from '../../masking/detect/found.ts'

/** deny beats hold, hold beats allow: shown in the order in which they count. */
const ORDER: readonly PolicyRuleConfig['decision'][] = ['deny', 'hold', 'allow']

export function rulesOf(config: Config, resource: string): string[] {
  const rules = Object.entries(config.policies).filter(([, rule]) => isForResource(rule.resources, resource))
  const shown = ORDER.flatMap((decision) =>
    rules.filter(([, rule]) => rule.decision === decision).map(([name, rule]) => describeRule(name, rule)),
  )
  return [...shown, 'everything else is refused']
}

function describeRule(name: string, rule: PolicyRuleConfig): string {
  const effects = rule.effects === '*' ? 'anything' : rule.effects.join(', ')
  const on = [...(rule.relations ?? []), ...(rule.columns ?? []), ...(rule.objects ?? [])].join(', ')
  const parts = [
    `${rule.decision.padEnd(5)} ${name}: ${effects}${on === '' ? '' : ` on ${on}`}`,
    `for ${whom(rule).join(' and ') || 'everybody'}`,
    ...conditions(rule),
    ...(rule.decision === 'hold' ? [holdText(rule)] : []),
    ...limitsText(rule),
    ...(rule.shadow ? ['(shadow: recorded only)'] : []),
  ]
  return parts.join(' ')
}

function whom(rule: PolicyRuleConfig): string[] {
  const listed = (word: string, values: readonly string[] | undefined) =>
    values === undefined ? [] : [`${word} ${values.join(', ')}`]
  return [
    ...listed('groups', rule.groups),
    ...listed('kinds', rule.kinds),
    ...listed('subjects', rule.subjects),
    ...Object.entries(rule.claims ?? {}).map(
      ([claim, value]) => `claim ${claim} = ${[value].flat().join(' or ')}`,
    ),
    ...listed('issuers', rule.issuers),
  ]
}

function conditions({ sources, applications, when }: PolicyRuleConfig): string[] {
  return [
    ...(sources === undefined ? [] : [`from ${sources.join(', ')}`]),
    ...(applications === undefined ? [] : [`with application_name ${applications.join(', ')}`]),
    ...(when === undefined ? [] : [`(${describeTimeWindow(when)})`]),
  ]
}

type HoldTermsText = Pick<
  PolicyRuleConfig & MaskRuleConfig,
  'approvers' | 'quorum' | 'each' | 'approve_when' | 'break_glass' | 'wait' | 'window' | 'reason'
>

/** `until 1 of dba and 1 of sre approve it, break-glass for oncall`. */
function holdText(terms: HoldTermsText): string {
  const people = peopleOfTerms(terms)
  const approval =
    people &&
    describeApproval({
      ...people,
      ...(terms.approve_when === undefined ? {} : { approveWhen: [terms.approve_when] }),
    })
  const { window, wait, break_glass: breakGlass } = terms
  return [
    `until ${approval ?? 'somebody approves it'}`,
    ...reasonOf(terms),
    ...(wait === undefined
      ? []
      : [wait === 0 ? 'the client does not wait' : `the client waits ${duration(wait)}`]),
    ...(window === undefined ? [] : [`windows of ${duration(window.for)} and ${window.uses} uses`]),
    ...(breakGlass === undefined ? [] : [`break-glass for ${breakGlass.join(', ')}`]),
  ].join(', ')
}

/** Its words are as the configuration has them. */
function reasonOf({ reason }: HoldTermsText): string[] {
  if (reason === undefined) return []
  if (reason === 'required') return ['with a reason']
  return [`with a reason like ${[reason.pattern].flat().join(' or ')}`]
}

function limitsText({ limits }: PolicyRuleConfig): string[] {
  if (limits === undefined) return []
  const { session = {}, hour = {}, ...statement } = limits
  const each = [
    [statement, 'a statement'],
    [session, 'a session'],
    [hour, 'an hour'],
  ] as const
  const texts = each.flatMap(([{ rows, bytes }, of]) => [
    ...(rows === undefined ? [] : [`${rows} rows ${of}`]),
    ...(bytes === undefined ? [] : [`${bytes} bytes ${of}`]),
  ])
  return [`with at most ${texts.join(', ')}`]
}

export function masksOf(config: Config, resource: string): string[] {
  return Object.entries(config.masks)
    .filter(([, mask]) => isForResource(mask.resources, resource))
    .map(([name, mask]) => describeMask(name, mask))
}

function describeMask(name: string, mask: MaskRuleConfig): string {
  const except = mask.except_groups === undefined ? '' : `, but not from ${mask.except_groups.join(', ')}`
  const what =
    mask.detect === undefined ? (mask.columns ?? []) : [`what looks like ${describeDetectors(mask.detect)}`]
  return `${name}: ${mask.strategy}${keptBy(mask)} ${what.join(', ')}${except}${choicesOf(mask)}`
}

/** What becomes of statements in which the value decides something, or that store it elsewhere, where it is not the default. */
function choicesOf(mask: MaskRuleConfig): string {
  const { probes, copies } = mask
  const told = Object.entries({ probes, copies }).flatMap(([what, choice]) => {
    if (choice === 'allow') return [`, ${what} allowed`]
    return choice === 'hold' ? [`, ${what} held ${holdText(mask)}`] : []
  })
  return told.join('')
}

function keptBy(mask: MaskRuleConfig): string {
  if (mask.strategy !== 'partial') return ''
  return mask.keep_first === undefined
    ? ` but the last ${mask.keep_last ?? 4}`
    : ` but the first ${mask.keep_first}`
}
