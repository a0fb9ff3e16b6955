// A real SMTP server with TLS and login: aiosmtpd, in a process of its own.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { atExit } from '../cleanup.ts'
import { freePort } from '../ports.ts'
import { python } from '../python.ts'

export interface MailServerOptions {
  readonly tls: 'starttls' | 'implicit' | 'disable'
  /** paths of PEM files */
  readonly cert?: string
  readonly key?: string
  /** who may send; anybody when absent */
  readonly user?: string
  readonly password?: string
  /** knows no logins, and repeats what it does not know */
  readonly repeats?: true
}

export interface ReceivedMail {
  readonly from: string
  readonly to: readonly string[]
  readonly encrypted: boolean
  readonly login: string | null
  /** headers and body as they came */
  readonly content: string
}

export interface MailServer {
  readonly port: number
  readonly mails: ReceivedMail[]
  stop(): Promise<void>
}

const SCRIPT = fileURLToPath(new URL('smtp_server.py', import.meta.url))
const STARTED_WITHIN = 30_000

export async function startMailServer(options: MailServerOptions): Promise<MailServer> {
  const port = await freePort()
  const child = spawn(await python(), [SCRIPT, JSON.stringify({ ...options, port })])
  const takeBack = atExit(() => child.kill('SIGKILL'))
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const mails: ReceivedMail[] = []
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-4096)
  })
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the mail server did not start')), STARTED_WITHIN)
    void ended.then(() => reject(new Error(`the mail server ended: ${complaint}`)))
    createInterface({ input: child.stdout }).on('line', (line) => {
      const value = JSON.parse(line) as ReceivedMail | { readonly listening: true }
      if ('content' in value) mails.push(value)
      else {
        clearTimeout(timer)
        resolve()
      }
    })
  })
  return {
    port,
    mails,
    async stop() {
      child.kill('SIGKILL')
      await ended
      takeBack()
    },
  }
}
