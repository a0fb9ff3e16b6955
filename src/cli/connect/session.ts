// What a session of the resource would ask the policy about a statement: the session's own state machine logs in to the real
// target, asks its catalog, and asks for a judgement, which it never gets. Nothing of the statement is sent.

import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import type { Config, ResourceConfig } from '../../config/schema.ts'
import { reasonOf } from '../../core/errors.ts'
import type { Masker } from '../../core/masking.ts'
import { createMemory } from '../../core/memory.ts'
import type { Operation } from '../../core/operation.ts'
import type { Principal } from '../../core/principal.ts'
import type { Effect, ProtocolSession, UpstreamLogin } from '../../core/session.ts'
import { loginFor } from '../../gateway/admission.ts'
import { startProtocol } from '../../gateway/protocols.ts'
import { password, query, startupMessage } from '../../protocols/postgres/messages/encode.ts'
import { createSecrets } from '../../secrets/secrets.ts'
import { cstring } from '../../wire/writer.ts'
import { connectUpstream } from './upstream.ts'

export interface Asker {
  readonly config: Config
  readonly resource: ResourceConfig
  readonly database: string
  readonly principal: Principal
  readonly masker: Masker
  readonly looksBehind: boolean
}

/** @throws Error when the target cannot be reached or logged in to, or does not answer within the login's time */
export async function operationOf(sql: string, asker: Asker): Promise<Operation> {
  const { config, resource } = asker
  const login = loginOf(asker)
  // Who asks was said already: the door is opened by any token.
  const protocol = await startProtocol(config, { ...resource, authentication: ['token'] })
  const session = protocol.start({
    peer: { source: '127.0.0.1:0', tlsVersion: 'TLSv1.3' },
    random: randomBytes,
    now: () => performance.now(),
    memory: createMemory().share(),
  })
  const { upstream, limits } = resource
  let socket: Socket | undefined
  try {
    socket = await connectUpstream(upstream, config, AbortSignal.timeout(limits.login))
    return await judged(session, socket, { sql, asker, login })
  } catch (error) {
    const why = reasonOf(error)
    throw new Error(`the target at ${upstream.address} cannot be asked as ${login.user}: ${why}`, {
      cause: error,
    })
  } finally {
    socket?.destroy()
  }
}

interface Asked {
  readonly sql: string
  readonly asker: Asker
  readonly login: UpstreamLogin
}

function judged(session: ProtocolSession, socket: Socket, { sql, asker, login }: Asked): Promise<Operation> {
  return new Promise((resolve, reject) => {
    const perform = (effects: readonly Effect[]): void => {
      for (const effect of effects) {
        if (effect.kind === 'to-server') socket.write(effect.bytes)
        else if (effect.kind === 'authenticate') admit()
        else if (effect.kind === 'judge') resolve(effect.operation)
        else if (effect.kind === 'close') reject(new Error(effect.reason))
      }
    }
    const admit = () => {
      const { masker, looksBehind } = asker
      perform(
        session.resume({ kind: 'admitted', login, masks: () => masker, looksBehind: () => looksBehind }),
      )
      // It is kept until the login is done.
      perform(session.fromClient(query(sql)))
    }
    const guarded = (step: () => readonly Effect[]) => {
      try {
        perform(step())
      } catch (error) {
        reject(error)
      }
    }
    socket.on('data', (chunk: Buffer) => guarded(() => session.fromServer(chunk)))
    socket.on('end', () => guarded(() => session.serverEnded()))
    socket.on('error', reject)
    const { database } = asker
    guarded(() => session.fromClient(startupMessage({ user: 'explain', database })))
    guarded(() => session.fromClient(password(cstring('explain'))))
  })
}

function loginOf({ config, resource, principal, database }: Asker): UpstreamLogin {
  if (!resource.databases.includes(database)) throw new Error(`the database ${database} is not offered here`)
  const secrets = createSecrets(config.secrets)
  try {
    const named = resource.logins.flatMap(({ secret }) => secret ?? [])
    const values = new Map(named.map((name) => [name, secrets.get(name)]))
    const login = loginFor(resource, principal, { secrets: values }, database)
    if ('code' in login) throw new Error(login.message)
    return login
  } finally {
    secrets.close()
  }
}
