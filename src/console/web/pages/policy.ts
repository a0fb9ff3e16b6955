// Which rules and masks apply to a resource, as the policy in force has them.
import { html } from 'hono/html'
import type { LockdownConfig } from '../../../config/lockdown-schema.ts'
import type { MaskRuleConfig, PolicyRuleConfig } from '../../../config/schema.ts'
import { isForResource, type ResourceNames } from '../../../core/resource-names.ts'
import { type Html, NOTHING } from '../html.ts'
import { page, type Visitor } from '../layout.ts'
import type { WebParts } from '../parts.ts'
import { duration } from '../times.ts'
import { visible } from '../visible.ts'
import { select } from './requests.ts'

/** deny beats hold beats allow: in this order they decide. */
const ORDER = ['deny', 'hold', 'allow'] as const
/** Shown apart from the rest of a rule. */
const APART: ReadonlySet<string> = new Set(['decision', 'description', 'resources', 'shadow'])

export function policyPage(parts: WebParts, visitor: Visitor, wanted: string | undefined): Html {
  const policy = parts.policy()
  const resource = wanted !== undefined && parts.resources.includes(wanted) ? wanted : undefined
  const isFor = ({ resources }: { readonly resources: ResourceNames }) =>
    resource === undefined || isForResource(resources, resource)
  const rules = Object.entries(policy.source.policies).filter(([, rule]) => isFor(rule))
  const masks = Object.entries(policy.source.masks).filter(([, mask]) => isFor(mask))
  const sections = ORDER.map((decision) => {
    const some = rules.filter(([, rule]) => rule.decision === decision)
    return some.length === 0
      ? NOTHING
      : html`<section><h2>Rules that ${decision}</h2>${some.map(ruleCard)}</section>`
  })
  const content = html`<h1>Policy</h1>
    <p class="soft">Version <code>${policy.version}</code>. Deny beats hold, hold beats allow, and what no rule allows is refused.</p>
    ${policy.lockdowns.map(lockdownCard)}
    <form class="filters" method="get" action="/policy"><div><label for="resource">Resource</label>${select('resource', parts.resources, resource)}</div><button>Show</button></form>
    ${sections}
    ${masks.length === 0 ? NOTHING : html`<section><h2>Masks</h2>${masks.map(maskCard)}</section>`}
    ${rules.length + masks.length === 0 ? html`<div class="empty card"><strong>No rule</strong>Everything is refused here.</div>` : NOTHING}`
  return page({ title: 'Policy', place: 'policy' }, visitor, content)
}

function lockdownCard({ reason, ...lockdown }: LockdownConfig): Html {
  return html`<div class="card"><div class="line"><h2>Lockdown</h2><span class="tag deny">everything is refused</span></div>
    ${reason === undefined ? NOTHING : html`<p>${visible(reason)}</p>`}
    ${fields(lockdown)}</div>`
}

function ruleCard([id, rule]: readonly [string, PolicyRuleConfig]): Html {
  return html`<div class="card"><div class="line"><h2>${id}</h2><span class="tag ${rule.decision}">${rule.decision}</span>${rule.shadow ? html`<span class="tag">in shadow</span>` : NOTHING}</div>
    ${rule.description === undefined ? NOTHING : html`<p>${visible(rule.description)}</p>`}
    ${fields(rule)}</div>`
}

function maskCard([id, mask]: readonly [string, MaskRuleConfig]): Html {
  return html`<div class="card"><h2>${id}</h2>${fields(mask)}</div>`
}

/** Every key that was written, so that nothing of a rule is missing here. */
function fields(rule: Readonly<Record<string, unknown>>): Html {
  const resources = [['resources', rule.resources] as const]
  const rest = Object.entries(rule).filter(([key, value]) => !APART.has(key) && value !== undefined)
  const rows = [...resources, ...rest].map(
    ([key, value]) => html`<dt>${key.replaceAll('_', ' ')}</dt><dd>${visible(inWords(value, key))}</dd>`,
  )
  return html`<dl>${rows}</dl>`
}

/** Milliseconds, once the configuration is read. */
const DURATIONS: ReadonlySet<string> = new Set(['expires_after', 'for', 'wait'])

function inWords(value: unknown, key = ''): string {
  if (typeof value === 'number' && DURATIONS.has(key)) return duration(value)
  if (Array.isArray(value)) return value.map((item) => inWords(item)).join(', ')
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .map(([key, inner]) => `${key.replaceAll('_', ' ')} ${inWords(inner, key)}`)
      .join('; ')
  }
  return value === '*' ? 'all' : String(value)
}
