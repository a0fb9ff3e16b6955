// Does a running Envoy do what was generated for it, and is there no way beside it? Every weakness has a sentence.
import type { Config } from '../../config/schema.ts'
import { envoyFragment } from '../bootstrap.ts'
import type { EnvoyObject, EnvoyValue } from '../envoy-object.ts'
import { type Difference, differences } from './differences.ts'
import { isRecord, type Named, type RunningEnvoy } from './dump.ts'
import type { EnvoyFinding } from './finding.ts'
import { waysAround } from './ways-around.ts'

/** What docs/envoy-notes.md was measured on. */
const MEASURED = /^1\.40\./

/** Where these stand in a path, the rest of it says how much, how long and how it is told, and never what is judged. */
const TUNING = new Set([
  ...['stat_prefix', 'traffic_direction', 'metadata', 'socket_options', 'upstream_connection_options'],
  ...['per_connection_buffer_limit_bytes', 'circuit_breakers', 'max_early_data_bytes', 'idle_timeout'],
  ...['connect_timeout', 'message_timeout', 'max_downstream_connection_duration', 'listener_filters_timeout'],
  ...['transport_socket_connect_timeout', 'health_checks', 'common_lb_config', 'load_balancing_policy'],
  ...['typed_extension_protocol_options', 'dns_lookup_family', 'dns_refresh_rate', 'access_log'],
])

/** What follows from a change of this very key. */
const WHY: Readonly<Record<string, string>> = {
  failure_mode_allow: 'when the services are lost, sessions go on and nobody judges them',
  process_read: 'what clients send is not judged',
  process_write: 'results are not masked or recorded, or logins fail',
  filters: 'a filter that is missing, or stands elsewhere, judges nothing',
  cluster: 'it leads elsewhere',
  validation_context: 'whose certificates count is another',
  filename: 'whose certificates count is another',
  disable_stateless_session_resumption: 'certificates that have expired still log in',
  disable_stateful_session_resumption: 'certificates that have expired still log in',
}

export function inspectEnvoy(config: Config, running: RunningEnvoy): EnvoyFinding[] {
  const { listeners, clusters } = generated(config)
  return [
    ...versionFinding(running),
    ...listeners.flatMap((one) => compared('listener', one, running.listeners)),
    ...clusters.flatMap((one) => compared('cluster', one, running.clusters)),
    ...waysAround({ listeners, clusters }, running),
  ]
}

function generated(config: Config): Record<'listeners' | 'clusters', EnvoyObject[]> {
  const { static_resources: resources } = envoyFragment(config)
  const list = (value: EnvoyValue | undefined) => (Array.isArray(value) ? value.filter(isEnvoyObject) : [])
  const parts: EnvoyObject = isEnvoyObject(resources) ? resources : {}
  return { listeners: list(parts['listeners']), clusters: list(parts['clusters']) }
}

const isEnvoyObject = (value: unknown): value is EnvoyObject => isRecord(value)

function versionFinding({ version }: RunningEnvoy): EnvoyFinding[] {
  if (MEASURED.test(version)) return []
  return [{ kind: 'other', message: `it is Envoy ${version}; what Chaperone leans on was measured on 1.40` }]
}

/** All of a name: one that drains still serves who is connected. */
function compared(what: string, wanted: EnvoyObject, all: readonly Named[]): EnvoyFinding[] {
  const named = all.filter(({ name }) => name === wanted['name'])
  if (named.length === 0) return [{ kind: 'other', message: `there is no ${what} ${String(wanted['name'])}` }]
  return named.flatMap(({ config }) =>
    differences(wanted, config).map((one) => told(`${what} ${String(wanted['name'])}`, one)),
  )
}

function told(where: string, difference: Difference): EnvoyFinding {
  const { path, wanted, found } = difference
  const why = WHY[path.at(-1) ?? '']
  const said = `${where}: ${placeOf(path)} ${wording(wanted, found)}`
  return { kind: isWeaker(difference) ? 'weaker' : 'other', message: why ? `${said}: ${why}` : said }
}

function isWeaker({ path, found }: Difference): boolean {
  if (!path.some((part) => TUNING.has(String(part)))) return true
  // Envoy would write the target's credential into its log.
  return JSON.stringify(found ?? '').includes('chaperone.secret')
}

function placeOf(path: Difference['path']): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`))
    .join('')
    .slice(1)
}

/** Characters of a value: a whole filter in one line helps nobody. */
const SHOWN = 200

function wording(wanted: unknown, found: unknown): string {
  const text = (value: unknown) => {
    const json = JSON.stringify(value)
    return json.length > SHOWN ? `${json.slice(0, SHOWN)}…` : json
  }
  if (found === undefined) return `is missing, and was generated as ${text(wanted)}`
  return wanted === undefined
    ? `is ${text(found)}, and was not generated`
    : `is ${text(found)}, and was generated as ${text(wanted)}`
}
