// Toxiproxy, a TCP proxy that fails on request, from its Go module: built once into the cache.
import { execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { atExit } from '../../support/cleanup.ts'
import { freePorts } from '../../support/ports.ts'
import { cache } from '../../support/python.ts'

const MODULE = 'github.com/Shopify/toxiproxy/v2/cmd/server@v2.5.0'
const FOLDER = join(cache, 'toxiproxy-2.5.0')
const BUILD_MS = 300_000
const READY_MS = 10_000

export interface Toxic {
  readonly type: 'latency' | 'slicer' | 'timeout' | 'reset_peer'
  readonly attributes: Readonly<Record<string, number>>
}

export interface Link {
  readonly port: number
  /** where it leads; a link may be made before its target has a port */
  leadTo(port: number): Promise<void>
  /** applies to what flows in both directions, of live connections as of new ones */
  poison(toxic: Toxic): Promise<void>
  /** refuses connections and closes those that are */
  cut(): Promise<void>
  heal(): Promise<void>
}

export interface Toxiproxy {
  link(name: string): Promise<Link>
  stop(): void
}

async function binary(): Promise<string> {
  const file = join(FOLDER, 'server')
  if (!existsSync(file)) {
    const env = { ...process.env, GOBIN: FOLDER }
    await promisify(execFile)('go', ['install', MODULE], { env, timeout: BUILD_MS })
  }
  return file
}

export async function startToxiproxy(): Promise<Toxiproxy> {
  const [api = 0] = await freePorts(1)
  const child = spawn(await binary(), ['-host', '127.0.0.1', '-port', String(api)], { stdio: 'ignore' })
  const takeBack = atExit(() => child.kill('SIGKILL'))
  const call = async (method: string, path: string, body?: object): Promise<unknown> => {
    const response = await fetch(`http://127.0.0.1:${api}${path}`, {
      method,
      headers: { 'content-type': 'application/json', 'user-agent': 'chaperone' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    if (!response.ok)
      throw new Error(`toxiproxy: ${method} ${path}: ${response.status} ${await response.text()}`)
    const json = response.headers.get('content-type')?.includes('json') ?? false
    return json && response.status !== 204 ? response.json() : undefined
  }
  for (const deadline = Date.now() + READY_MS; ; await new Promise((resolve) => setTimeout(resolve, 50))) {
    if (
      await call('GET', '/version').then(
        () => true,
        () => false,
      )
    )
      break
    if (Date.now() > deadline) throw new Error('toxiproxy did not start')
  }
  return {
    async link(name) {
      const [port = 0] = await freePorts(1)
      await call('POST', '/proxies', {
        name,
        listen: `127.0.0.1:${port}`,
        upstream: '127.0.0.1:1',
        enabled: true,
      })
      return {
        port,
        leadTo: async (target) =>
          void (await call('POST', `/proxies/${name}`, { upstream: `127.0.0.1:${target}` })),
        async poison({ type, attributes }) {
          for (const stream of ['upstream', 'downstream'])
            await call('POST', `/proxies/${name}/toxics`, {
              name: `${type}-${stream}`,
              type,
              stream,
              attributes,
            })
        },
        cut: async () => void (await call('POST', `/proxies/${name}`, { enabled: false })),
        async heal() {
          const toxics = (await call('GET', `/proxies/${name}/toxics`)) as { name: string }[]
          for (const toxic of toxics) await call('DELETE', `/proxies/${name}/toxics/${toxic.name}`)
          await call('POST', `/proxies/${name}`, { enabled: true })
        },
      }
    },
    stop() {
      child.kill('SIGKILL')
      takeBack()
    },
  }
}
