// Secret discovery as an xDS client sees it, over a real gRPC connection.
import { type ClientDuplexStream, credentials, makeClientConstructor } from '@grpc/grpc-js'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Secret } from '../../../src/core/secret.ts'
import { loadService } from '../../../src/envoy/protos.ts'
import { createSdsResources, SECRET_TYPE } from '../../../src/envoy/sds-resources.ts'
import { createSds } from '../../../src/envoy/sds-service.ts'
import { createGrpcServer } from '../../../src/grpc/server.ts'
import type { Http2Server } from '../../../src/http2/server.ts'
import { createLog } from '../../../src/telemetry/log.ts'

interface Answer {
  readonly version_info?: string
  readonly nonce: string
  readonly resources: readonly unknown[]
}
type Stream = ClientDuplexStream<object, Answer>

const SERVICE = 'envoy.service.secret.v3.SecretDiscoveryService'
let server: Http2Server
let value: string
let listeners: Set<() => void>
let lines: string[]
let open: (method: string) => { stream: Stream; answers: Answer[]; failed: () => string | undefined }
let closeClient: () => void

beforeEach(async () => {
  value = 'hunter2'
  listeners = new Set()
  lines = []
  const log = createLog({ level: 'debug' }, { write: (line: string) => void lines.push(line) })
  const certificates = { get: () => undefined, onChange: () => () => {}, stop: () => {} }
  const secrets = {
    get: () => new Secret(value),
    onChange: (listener: () => void) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
  const config = { certificates: {}, secrets: { db: { env: 'X' }, other: { env: 'Y' } } }
  const sds = createSds(createSdsResources(config, certificates, secrets), log)
  server = createGrpcServer({
    methods: new Map(sds),
    maxMessage: 1024 * 1024,
    failed: (error) => void lines.push(`failed: ${error}`),
  })
  const port = await server.listen({ host: '127.0.0.1', port: 0 })
  const client = new (makeClientConstructor(loadService(SERVICE), SERVICE))(
    `127.0.0.1:${port}`,
    credentials.createInsecure(),
  )
  closeClient = () => client.close()
  open = (method) => {
    const stream = (client[method] as () => Stream).call(client)
    const answers: Answer[] = []
    let failure: string | undefined
    stream.on('data', (answer: Answer) => answers.push(answer))
    stream.on('error', (error: Error) => {
      failure = error.message
    })
    return { stream, answers, failed: () => failure }
  }
})

afterEach(() => {
  closeClient()
  server.destroy()
})

const pause = () => new Promise((resolve) => setTimeout(resolve, 150))
const change = (to: string) => {
  value = to
  for (const listener of listeners) listener()
}

describe.each([
  ['StreamSecrets', (names: string[]) => ({ type_url: SECRET_TYPE, resource_names: names })],
  ['DeltaSecrets', (names: string[]) => ({ type_url: SECRET_TYPE, resource_names_subscribe: names })],
])('%s', (method, ask) => {
  test('answers with the secret, is quiet after an ACK, and sends a changed value once', async () => {
    const { stream, answers } = open(method)
    stream.write(ask(['secret/db']))
    await expect.poll(() => answers).toHaveLength(1)
    expect(JSON.stringify(answers[0])).toContain([...Buffer.from('hunter2')].join(','))
    stream.write({
      ...ask(method === 'StreamSecrets' ? ['secret/db'] : []),
      response_nonce: answers[0]?.nonce,
    })
    await pause()
    expect(answers).toHaveLength(1)
    change('hunter3')
    change('hunter3')
    await expect.poll(() => answers.length).toBeGreaterThanOrEqual(2)
    await pause()
    expect(answers).toHaveLength(2)
    expect(answers[1]?.nonce).not.toBe(answers[0]?.nonce)
  })

  test('does not send a refused version again until the value changes', async () => {
    const { stream, answers } = open(method)
    stream.write(ask(['secret/db']))
    await pause()
    stream.write({
      ...ask(method === 'StreamSecrets' ? ['secret/db'] : []),
      response_nonce: answers[0]?.nonce,
      error_detail: { code: 3, message: 'no good' },
    })
    await pause()
    expect(answers).toHaveLength(1)
    change('hunter4')
    await pause()
    expect(answers).toHaveLength(2)
  })

  test('says nothing for a name that is not configured', async () => {
    const { stream, answers } = open(method)
    stream.write(ask(['secret/nobody', 'certificate/db', '../etc/passwd']))
    await pause()
    expect(answers).toEqual([])
  })

  test('refuses another type of resource', async () => {
    const { stream, failed } = open(method)
    stream.write({ ...ask(['x']), type_url: 'type.googleapis.com/envoy.config.cluster.v3.Cluster' })
    await pause()
    expect(failed()).toMatch(/only secrets/)
  })

  test('logs no value, and its versions are no hash of one', async () => {
    const { stream, answers } = open(method)
    stream.write(ask(['secret/db', 'secret/nobody']))
    await pause()
    const { createHash } = await import('node:crypto')
    const hash = createHash('sha256').update(value).digest('hex').slice(0, 16)
    expect(lines.join('')).not.toContain('hunter')
    expect(answers).toHaveLength(1)
    expect(JSON.stringify(answers)).not.toContain(hash)
  })
})
