// A connection to a resource's target without Envoy, for commands: TCP, and TLS that is asked for in PostgreSQL's own way.
import { readFileSync } from 'node:fs'
import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { splitHostPort } from '../../config/address.ts'
import type { Config, ResourceConfig } from '../../config/schema.ts'

/** Length and code (PostgreSQL 54.7, SSLRequest). */
const SSL_REQUEST = Buffer.from('0000000804d2162f', 'hex')
const ACCEPTED = 'S'.charCodeAt(0)

type Upstream = ResourceConfig['upstream']

/**
 * @param timeout ends the connection with an error, at whatever it waits for then
 * @throws Error when the target cannot be reached, takes no TLS, or is another than its certificate says
 */
export async function connectUpstream(
  { address, tls }: Upstream,
  { certificates }: Pick<Config, 'certificates'>,
  timeout: AbortSignal,
): Promise<Socket> {
  const { host, port } = splitHostPort(address)
  const ending = <S extends Socket>(socket: S): S => {
    const silent = new Error(`${address} did not answer in the time that a login may take (limits.login)`)
    timeout.addEventListener('abort', () => socket.destroy(silent))
    // Whoever waits hears of an error by a listener of its own; TLS and the caller are behind this one.
    return socket.on('error', () => {})
  }
  const socket = await opened(ending(connect({ host, port })), 'connect')
  if (tls.mode === 'disable') return socket
  const answer = await asked(socket)
  if (answer.length !== 1 || answer[0] !== ACCEPTED) {
    socket.destroy()
    throw new Error(`${address} takes no TLS`)
  }
  const name = (tls.mode === 'verify-full' ? tls.server_name : undefined) ?? host
  const pair = tls.certificate === undefined ? undefined : certificates[tls.certificate]
  const secured = connectTls({
    socket,
    ALPNProtocols: ['postgresql'],
    minVersion: 'TLSv1.2',
    ...(isIP(name) === 0 ? { servername: name } : { host: name }),
    ...(tls.mode === 'verify-full' ? { ca: readFileSync(tls.ca) } : { rejectUnauthorized: false }),
    ...(pair && { cert: readFileSync(pair.certificate), key: readFileSync(pair.key) }),
  })
  return opened(ending(secured), 'secureConnect')
}

function asked(socket: Socket): Promise<Buffer> {
  socket.write(SSL_REQUEST)
  return new Promise((resolve, reject) => {
    socket.once('data', resolve)
    socket.once('error', reject)
    socket.once('end', () => reject(new Error('the target closed the connection')))
  })
}

function opened<S extends Socket>(socket: S, event: 'connect' | 'secureConnect'): Promise<S> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.once(event, () => {
      socket.off('error', reject)
      resolve(socket)
    })
  })
}
