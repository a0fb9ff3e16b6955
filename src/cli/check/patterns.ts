// Patterns of rules that can be meant otherwise than they are read: a deny rule with one refuses nothing, and nobody notices.
import type { Finding } from '../../config/problems.ts'
import type { Config, PolicyRuleConfig } from '../../config/schema.ts'
import { isForResource } from '../../core/resource-names.ts'
import { keptSettings } from '../../policy/judge-access.ts'
import { namesHarmless } from '../../policy/problems-patterns.ts'

/** Of regular expressions, LIKE and lists; in names of relations only where somebody quoted them. */
const OTHER_WILDCARDS = /^\^|\$$|[\\()|?+[\]%,]/

export function patternWarnings(config: Config): Finding[] {
  const { policies, masks } = config
  return [
    ...Object.entries(policies).flatMap(([id, rule]) => [
      ...listed(['policies', id, 'relations'], rule.relations),
      ...listed(['policies', id, 'columns'], rule.columns),
      ...harmless(['policies', id, 'objects'], rule),
      ...kept(['policies', id, 'objects'], rule, config),
    ]),
    ...Object.entries(masks).flatMap(([id, mask]) => listed(['masks', id, 'columns'], mask.columns)),
  ]
}

function listed(path: readonly string[], patterns: PolicyRuleConfig['relations'] = []): Finding[] {
  return patterns.flatMap((pattern, index) => {
    const message = wildcardWarning(pattern)
    return message === undefined ? [] : [{ path: [...path, index], message }]
  })
}

function wildcardWarning(pattern: string): string | undefined {
  if (pattern === '$catalog' || !OTHER_WILDCARDS.test(pattern)) return undefined
  return `only * stands for other characters in a pattern; in ${JSON.stringify(pattern)} everything else is taken as it is`
}

/** Whoever denies what needs no leave may believe that it is refused. */
function harmless(path: readonly string[], { decision, effects, objects = [] }: PolicyRuleConfig): Finding[] {
  if (decision === 'allow' || (effects !== '*' && !effects.includes('call'))) return []
  return objects.flatMap((text, index) => {
    // Where everything is meant, a word alone may be a role, a setting or a channel.
    if (!namesHarmless(text) || (effects === '*' && !/[.*]/.test(text))) return []
    const message = `PostgreSQL’s own ${text.replace(/^.*[*.]/, '')} changes nothing and its calls need no leave: no rule refuses or holds them`
    return [{ path: [...path, index], message }]
  })
}

/** Leave for what judging rests on is leave for later sessions alone, whose login sets it again. */
function kept(
  path: readonly string[],
  { decision, effects, objects = [], resources }: PolicyRuleConfig,
  config: Config,
): Finding[] {
  if (decision === 'deny' || effects === '*' || !effects.includes('setting')) return []
  const meant = Object.entries(config.resources).filter(([name]) => isForResource(resources, name))
  const everywhere = (text: string) =>
    meant.length > 0 && meant.every(([, { process }]) => keptSettings(process).has(text))
  return objects.flatMap((text, index) => {
    if (!everywhere(text)) return []
    const message = `no session may change ${text} here, whatever rules say: the rule is for ALTER ROLE, DATABASE and SYSTEM alone`
    return [{ path: [...path, index], message }]
  })
}
