// Several real Redis servers on loopback: one with ACL and TLS, a master with a replica and Sentinels, and a cluster.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { atExit } from './cleanup.ts'
import type { Authority } from './keys.ts'
import { freePorts } from './ports.ts'
import { temporaryDirectory } from './tmp.ts'

export interface Server {
  readonly port: number
  /** SIGKILL */
  kill(): Promise<void>
  /** Starts it again with what it has on disk. */
  start(): Promise<void>
  freeze(): void
  thaw(): void
  /** redis-cli's answer, on the server's own terms */
  cli(...args: readonly string[]): string
}

export interface Servers {
  readonly servers: readonly Server[]
  /** what they have on disk */
  readonly folder: string
  stop(): Promise<void>
}

const HOST = '127.0.0.1'
/** How much higher the port is at which the nodes of a cluster talk to each other. */
const BESIDE = 10_000

function server(folder: string, port: number, lines: readonly string[], cliArgs: readonly string[]): Server {
  const file = join(folder, `${port}.conf`)
  const sentinel = lines.some((line) => line.startsWith('sentinel '))
  writeFileSync(file, [`bind ${HOST}`, `dir ${folder}`, 'protected-mode no', ...lines, ''].join('\n'))
  let child: ChildProcess | undefined
  const takeBack = atExit(() => child?.kill('SIGKILL'))
  return {
    port,
    async start() {
      const args = [file, ...(sentinel ? ['--sentinel'] : [])]
      const started = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] })
      child = started
      let said = ''
      await new Promise<void>((resolve, reject) => {
        started.stdout.on('data', (chunk) => {
          said += chunk
          if (/Ready to accept connections|Sentinel ID is/.test(said)) resolve()
        })
        started.once('error', reject)
        started.once('exit', () => reject(new Error(`redis-server ended:\n${said}`)))
      })
    },
    async kill() {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
      takeBack()
    },
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    cli: (...args) =>
      execFileSync('redis-cli', ['-h', HOST, '-p', String(port), ...cliArgs, ...args], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }).trim(),
  }
}

async function set(
  count: number,
  make: (folder: string, ports: readonly number[]) => readonly Server[],
): Promise<Servers> {
  const directory = temporaryDirectory('redis')
  const servers = make(directory.path, await freePorts(count, BESIDE))
  const stop = async () => {
    await Promise.all(servers.map((one) => one.kill()))
    directory.remove()
  }
  try {
    for (const one of servers) await one.start()
  } catch (error) {
    await stop()
    throw error
  }
  return { servers, folder: directory.path, stop }
}

const PAGE = readFileSync(new URL('../../docs/redis.md', import.meta.url), 'utf8')

/** What docs/redis.md says that the user needs, and nothing more: its own line, with other names. */
function aclUser(name: string, password: string): string {
  const line = /^user chaperone on >PASSWORD ~\{chaperone\}:\* &\{chaperone\}:\* -@all .*$/m.exec(PAGE)?.[0]
  if (line === undefined) throw new Error('docs/redis.md has no line for the user of an ACL')
  return line.replace('user chaperone', `user ${name}`).replace('PASSWORD', password)
}

/** One server that takes TLS with client certificates only, from a user with few rights. */
export async function startSecured(
  authority: Authority,
  user: { readonly name: string; readonly password: string },
): Promise<Servers & { readonly client: { readonly certificate: string; readonly key: string } }> {
  const pair = authority.issue({ name: 'redis', hosts: ['localhost', HOST] })
  const client = authority.issue({ name: 'redis-client' })
  const running = await set(1, (folder, [port = 0]) => [
    server(
      folder,
      port,
      [
        'port 0',
        `tls-port ${port}`,
        `tls-cert-file ${pair.certificate}`,
        `tls-key-file ${pair.key}`,
        `tls-ca-cert-file ${authority.certificate}`,
        'save ""',
        'user default off',
        aclUser(user.name, user.password),
        'user operator on >operator ~* &* +@all',
      ],
      [
        ...['--tls', '--cacert', authority.certificate, '--cert', client.certificate, '--key', client.key],
        ...['--user', 'operator', '--pass', 'operator'],
      ],
    ),
  ])
  return { ...running, client }
}

/** A master, a replica and three Sentinels that agree within a second. The first two servers are those with data. */
export function startSentinels(master: string, password: string): Promise<Servers> {
  return set(5, (folder, ports) => {
    const [first = 0, second = 0, ...watching] = ports
    const data = (port: number, more: readonly string[]) =>
      server(
        folder,
        port,
        [
          `port ${port}`,
          `requirepass ${password}`,
          `masterauth ${password}`,
          'save ""',
          'repl-diskless-sync-delay 0',
          ...more,
        ],
        ['-a', password],
      )
    const sentinel = (port: number) =>
      server(
        folder,
        port,
        [
          `port ${port}`,
          `sentinel monitor ${master} ${HOST} ${first} 2`,
          `sentinel auth-pass ${master} ${password}`,
          `sentinel down-after-milliseconds ${master} 1000`,
          `sentinel failover-timeout ${master} 2000`,
        ],
        [],
      )
    return [data(first, []), data(second, [`replicaof ${HOST} ${first}`]), ...watching.map(sentinel)]
  })
}

/** Three masters that have the slots between them, and keep them on disk. */
export async function startCluster(password: string): Promise<Servers> {
  const running = await set(3, (folder, ports) =>
    ports.map((port) =>
      server(
        folder,
        port,
        [
          `port ${port}`,
          'cluster-enabled yes',
          `cluster-config-file nodes-${port}.conf`,
          'cluster-node-timeout 1000',
          `requirepass ${password}`,
          `masterauth ${password}`,
          'appendonly yes',
          'appendfsync always',
          `appenddirname aof-${port}`,
        ],
        ['-a', password],
      ),
    ),
  )
  const [first] = running.servers
  const addresses = running.servers.map(({ port }) => `${HOST}:${port}`)
  first?.cli('--cluster', 'create', ...addresses, '--cluster-yes')
  return running
}

/** One server that has everything on disk before it answers. */
export function startDurable(): Promise<Servers> {
  return set(1, (folder, [port = 0]) => [
    server(folder, port, [`port ${port}`, 'save ""', 'appendonly yes', 'appendfsync always'], []),
  ])
}
