// What an Envoy runs, as its admin listener tells it (/config_dump, /server_info).

export type Json = string | number | boolean | null | readonly Json[] | JsonRecord
export interface JsonRecord {
  readonly [key: string]: Json
}

/** A listener or cluster that runs, is about to, or drains. */
export interface Named {
  readonly name: string
  readonly config: JsonRecord
}

export interface RunningEnvoy {
  /** `1.40.0` */
  readonly version: string
  readonly listeners: readonly Named[]
  readonly clusters: readonly Named[]
  /** where each cluster leads by now, names resolved */
  readonly endpoints: readonly Named[]
  /** routes and filters that listeners find elsewhere */
  readonly others: readonly Named[]
  /** of the admin listener itself; undefined when there is none in the bootstrap */
  readonly admin: JsonRecord | undefined
}

/** Envoy answers from memory; large ones have tens of thousands of routes. In milliseconds. */
const TIMEOUT = 10_000

export const isRecord = (value: unknown): value is JsonRecord =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * @param admin host:port of Envoy's admin listener
 * @throws when Envoy does not answer, or with something else
 */
export async function readRunning(admin: string): Promise<RunningEnvoy> {
  const [dump, info] = await Promise.all([ask(admin, '/config_dump?include_eds'), ask(admin, '/server_info')])
  const parts = listOf(dump['configs'])
  const ofType = (type: string) => parts.filter((part) => String(part['@type']).endsWith(`.${type}`))
  const bootstrap = ofType('BootstrapConfigDump')[0]?.['bootstrap']
  const told = isRecord(bootstrap) && isRecord(bootstrap['admin']) ? bootstrap['admin'] : undefined
  return {
    version: versionOf(info),
    listeners: ofType('ListenersConfigDump').flatMap((part) => found(part, 'listener')),
    clusters: ofType('ClustersConfigDump').flatMap((part) => found(part, 'cluster')),
    endpoints: ofType('EndpointsConfigDump').flatMap((part) => found(part, 'endpoint_config')),
    others: parts.filter(({ '@type': type }) => !READ.test(String(type))).map(unnamed),
    admin: told,
  }
}

const READ = /\.(Bootstrap|Listeners|Clusters|Endpoints|Secrets)ConfigDump$/

const unnamed = (config: JsonRecord): Named => ({
  name: String(config['@type']).replace(/^.*\.(\w+)ConfigDump$/, '$1'),
  config,
})

async function ask(admin: string, path: string): Promise<JsonRecord> {
  const response = await fetch(`http://${admin}${path}`, {
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT),
  })
  const answer: unknown = response.ok ? await jsonOf(response) : undefined
  if (!isRecord(answer)) throw new Error(`what answers at ${admin} is not Envoy's admin listener`)
  return answer
}

/** Undefined for what is no JSON; a connection that breaks is an error. */
async function jsonOf(response: Response): Promise<unknown> {
  const text = await response.text()
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** `9e55…/1.40.0/Clean/RELEASE/BoringSSL` */
const versionOf = ({ version }: JsonRecord) => String(version).split('/')[1] ?? ''

const listOf = (value: Json | undefined): readonly JsonRecord[] =>
  Array.isArray(value) ? value.filter(isRecord) : []

/** All under this key, however deep: static, dynamic, warming and draining ones stand in different places. */
function found(value: unknown, key: string): Named[] {
  if (Array.isArray(value)) return value.flatMap((one) => found(one, key))
  if (!isRecord(value)) return []
  return Object.entries(value).flatMap(([name, inner]) => {
    if (name !== key || !isRecord(inner)) return found(inner, key)
    return [{ name: String(inner['name'] ?? inner['cluster_name'] ?? ''), config: inner }]
  })
}
