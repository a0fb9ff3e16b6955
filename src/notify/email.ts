// Mail by SMTP (RFC 5321), a connection for each message: they are few, and none is kept that a server would drop.
import { isIP } from 'node:net'
import { createTransport } from 'nodemailer'
import type { Secret } from '../core/secret.ts'
import type { Channel, Delivery, Message } from './channel.ts'
import { mailOf } from './mail.ts'

export interface EmailOptions {
  readonly host: string
  readonly port: number
  readonly tls: 'starttls' | 'implicit' | 'disable'
  /** the name that the server's certificate must have */
  readonly serverName: string
  readonly from: string
  readonly to: readonly string[]
  readonly login: { readonly user: string; readonly password: () => Secret } | undefined
  readonly includeParameters: boolean
  readonly timeout: number
  /** PEM */
  readonly ca: string | undefined
}

/** People read them, and a server that counts would stop us for longer. */
const PER_MINUTE = 60

export function createEmail(options: EmailOptions): Channel {
  const { includeParameters, timeout } = options
  return {
    includeParameters,
    timeout,
    perMinute: PER_MINUTE,
    settledAlone: false,
    send: (message, signal) => send(options, message, signal),
  }
}

async function send(options: EmailOptions, message: Message, signal: AbortSignal): Promise<Delivery> {
  const transport = transportOf(options)
  try {
    const { rejected } = await transport.sendMail({
      ...envelope(options, message),
      ...mailOf(message),
      signal,
    })
    if (rejected.length === 0) return { kind: 'delivered' }
    // Some have it: to send it to all again would tell them twice.
    return { kind: 'never', reason: `${rejected.length} of ${options.to.length} recipients were refused` }
  } catch (error) {
    return failed(error)
  } finally {
    transport.close()
  }
}

function transportOf({ host, port, tls, serverName, ca, login, timeout }: EmailOptions) {
  return createTransport({
    host,
    port,
    secure: tls === 'implicit',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'disable',
    tls: {
      minVersion: 'TLSv1.2',
      // RFC 6066, section 3: an address is no server name. The certificate is checked against the host then.
      ...(isIP(serverName) === 0 ? { servername: serverName } : {}),
      ...(ca === undefined ? {} : { ca }),
    },
    ...(login === undefined ? {} : { auth: { user: login.user, pass: login.password().reveal() } }),
    connectionTimeout: timeout,
    greetingTimeout: timeout,
    socketTimeout: timeout,
    socketCloseTimeout: 0,
    // Nothing in a message may name a file or a URL to be read.
    disableFileAccess: true,
    disableUrlAccess: true,
  })
}

/** Only what the configuration says goes into addresses; ids are letters and digits of our own. */
function envelope({ from, to }: EmailOptions, { event, told: { id } }: Message) {
  const domain = from.slice(from.lastIndexOf('@') + 1)
  const thread = `<${id}.requested@${domain}>`
  return {
    from,
    to: [...to],
    messageId: `<${id}.${event}@${domain}>`,
    ...(event === 'settled' ? { inReplyTo: thread, references: [thread] } : {}),
    // RFC 3834: nobody's absence is answered to it.
    headers: { 'Auto-Submitted': 'auto-generated' },
  }
}

/** A reply of 5yz is for good (RFC 5321, section 4.2.1), but for a login: its password may just be changing. */
function failed(error: unknown): Delivery {
  if (!(error instanceof Error)) return { kind: 'later', reason: String(error) }
  if ('code' in error && error.code === 'EAUTH') return { kind: 'later', reason: ofLogin(error) }
  const code = 'responseCode' in error ? Number(error.responseCode) : 0
  return { kind: code >= 500 && code < 600 ? 'never' : 'later', reason: error.message }
}

/** Reply code and enhanced status code (RFC 3463, section 2). */
const STATUS = /^\d{3}(?:[ -]\d\.\d{1,3}\.\d{1,3})?/

/** Some servers repeat what they refuse, and that was the password: of their answer only the codes are told. */
function ofLogin(error: Error): string {
  const response = 'response' in error && typeof error.response === 'string' ? error.response : ''
  if (response === '') return error.message
  return error.message.replaceAll(response, () => STATUS.exec(response)?.[0] ?? 'an answer without a code')
}
