// From a proof of identity to a session that may begin: who it is, whether they may come in, and as whom.
import type { ResourceConfig } from '../config/schema.ts'
import type { Circumstances } from '../core/circumstances.ts'
import { type Refusal, reasonOf } from '../core/errors.ts'
import type { Masker } from '../core/masking.ts'
import { type Principal, principalId } from '../core/principal.ts'
import { written } from '../core/search-path.ts'
import type { Effect, UpstreamLogin } from '../core/session.ts'
import { circumstancesOf } from './circumstances.ts'
import type { ConnectionFacts } from './connection.ts'
import type { GatewayDependencies } from './dependencies.ts'
import { refusalIn } from './lockdown.ts'
import { masksInForce } from './masks-in-force.ts'

export type AuthenticateEffect = Extract<Effect, { kind: 'authenticate' }>

export type Admission =
  | {
      readonly kind: 'admitted'
      readonly principal: Principal
      readonly login: UpstreamLogin
      readonly masks: () => Masker
      readonly looksBehind: () => boolean
      readonly mayHold: () => boolean
    }
  | { readonly kind: 'rejected'; readonly refusal: Refusal; readonly principal?: Principal }

type Deps = Pick<GatewayDependencies, 'config' | 'policy' | 'authenticator' | 'secret' | 'neighbours'>

/** Never rejects: what goes wrong is a refusal. */
export async function admit(
  deps: Deps,
  session: string,
  connection: ConnectionFacts,
  effect: AuthenticateEffect,
): Promise<Admission> {
  try {
    return await decide(deps, session, connection, effect)
  } catch (error) {
    const message = reasonOf(error)
    return rejected({ code: 'internal', message: `the login could not be judged: ${message}` })
  }
}

async function decide(
  deps: Deps,
  session: string,
  connection: ConnectionFacts,
  effect: AuthenticateEffect,
): Promise<Admission> {
  const resource = deps.config.resources[connection.resource]
  if (!resource) return rejected({ code: 'internal', message: 'the resource is not configured' })
  const outcome = await deps.authenticator.authenticate(connection.resource, effect.proof)
  if (outcome.kind === 'rejected') return outcome
  const { principal } = outcome
  const circumstances = circumstancesOf(connection.peer, effect.stated.application)
  const obstacle =
    refusalIn(deps.policy(), principal, connection.resource) ??
    reachObstacle(deps, connection.resource, principal, circumstances) ??
    databaseObstacle(resource, effect.stated.database)
  if (obstacle) return rejected(obstacle, principal)
  const login = loginFor(resource, principal, connection, effect.stated.database)
  if ('code' in login) return rejected(login, principal)
  // Last: what is rejected takes no place.
  const full = await placeObstacle(deps, session, connection.resource, resource, principal)
  if (full) return rejected(full, principal)
  const masks = masksInForce(deps, principal, connection.resource)
  const looksBehind = whether('looksBehind', deps, principal, connection.resource)
  const mayHold = whether('mayHold', deps, principal, connection.resource)
  return { kind: 'admitted', principal, login, masks, looksBehind, mayHold }
}

/** Asked for each statement, and told anew when the policy is another. */
function whether(
  what: 'looksBehind' | 'mayHold',
  deps: Deps,
  principal: Principal,
  resource: string,
): () => boolean {
  let policy = deps.policy()
  let answer = policy[what](principal, resource)
  return () => {
    const now = deps.policy()
    if (now !== policy) {
      answer = now[what](principal, resource)
      policy = now
    }
    return answer
  }
}

function rejected(refusal: Refusal, principal?: Principal): Admission {
  return principal ? { kind: 'rejected', refusal, principal } : { kind: 'rejected', refusal }
}

function reachObstacle(
  deps: Deps,
  name: string,
  principal: Principal,
  circumstances: Circumstances,
): Refusal | undefined {
  if (deps.policy().mayReach(principal, name, circumstances)) return undefined
  return {
    code: 'unauthorized',
    message: `${principal.name} may not reach ${name}`,
    hint: `No rule lets ${groupsOf(principal)} in now, from where you are.`,
  }
}

async function placeObstacle(
  { neighbours }: Deps,
  session: string,
  name: string,
  { limits }: ResourceConfig,
  principal: Principal,
): Promise<Refusal | undefined> {
  switch (await neighbours.places.take({ session, resource: name, principal: principalId(principal) })) {
    case 'taken':
      return undefined
    case 'resource-full':
      return { code: 'too-many-sessions', message: `${name} has its ${limits.sessions} sessions already` }
    case 'principal-full': {
      const message = `${principal.name} has ${limits.sessions_per_principal} sessions on ${name} already`
      return { code: 'too-many-sessions', message }
    }
  }
}

function groupsOf({ groups }: Principal): string {
  if (groups.length === 0) return 'somebody without a group'
  return `the group${groups.length === 1 ? '' : 's'} ${groups.join(', ')}`
}

function databaseObstacle(resource: ResourceConfig, database: string): Refusal | undefined {
  if (resource.databases.includes(database)) return undefined
  return {
    code: 'unauthorized',
    message: `the database ${JSON.stringify(database)} is not offered here`,
    hint: `Choose one of: ${resource.databases.join(', ')}.`,
  }
}

/** The first login whose groups match. Its secret came with the connection, from Envoy's secret discovery (E9). */
export function loginFor(
  resource: ResourceConfig,
  principal: Principal,
  connection: Pick<ConnectionFacts, 'secrets'>,
  database: string,
): UpstreamLogin | Refusal {
  const login = resource.logins.find(
    ({ groups }) => !groups || groups.some((group) => principal.groups.includes(group)),
  )
  if (!login) {
    const hint = `A login is wanted for ${groupsOf(principal)}: ask whoever keeps the resource for one.`
    return { code: 'unauthorized', message: 'no login of this resource is meant for your groups', hint }
  }
  const password = login.secret === undefined ? undefined : connection.secrets.get(login.secret)
  if (login.secret !== undefined && password === undefined) {
    return {
      code: 'upstream-unavailable',
      message: 'the credential of the target has not arrived from secret discovery',
    }
  }
  return {
    user: login.user,
    database,
    ...(password ? { password } : {}),
    settings: { search_path: resource.search_path.map(written).join(', ') },
    encrypted: resource.upstream.tls.mode !== 'disable',
  }
}
