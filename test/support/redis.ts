// A real Redis server of the tests' own, on a free loopback port, without persistence.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface RedisServer {
  readonly url: string
  readonly port: number
  /** Ends the process without a word, as a crash does. */
  kill(): Promise<void>
  /** Starts it again, empty, on the same port. */
  restart(): Promise<void>
  /** Stops the process from running; connections stay and nothing is answered. */
  freeze(): void
  thaw(): void
  stop(): Promise<void>
}

interface RedisOptions {
  readonly password?: string
  /** commands that it does not know */
  readonly without?: readonly string[]
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

async function launch(port: number, directory: string, options: RedisOptions): Promise<ChildProcess> {
  const { password, without = [] } = options
  const settings = [
    '--port',
    `${port}`,
    '--bind',
    '127.0.0.1',
    '--dir',
    directory,
    '--save',
    '',
    '--appendonly',
    'no',
  ]
  const auth = password === undefined ? [] : ['--requirepass', password]
  // Renaming to nothing cannot be said in arguments.
  const config = join(directory, 'redis.conf')
  await writeFile(config, without.map((name) => `rename-command ${name} ""\n`).join(''))
  const child = spawn('redis-server', [config, ...settings, ...auth], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise<void>((resolve, reject) => {
    let said = ''
    child.stdout?.on('data', (chunk) => {
      said += chunk
      if (said.includes('Ready to accept connections')) resolve()
    })
    child.once('error', reject)
    child.once('exit', () => reject(new Error(`redis-server ended:\n${said}`)))
  })
  return child
}

export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const port = await freePort()
  const directory = await mkdtemp(join(tmpdir(), 'redis-'))
  let child = await launch(port, directory, options)
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }
  return {
    url: `redis://127.0.0.1:${port}/0`,
    port,
    kill,
    restart: async () => {
      child = await launch(port, directory, options)
    },
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    stop: async () => {
      await kill()
      await rm(directory, { recursive: true, force: true })
    },
  }
}
