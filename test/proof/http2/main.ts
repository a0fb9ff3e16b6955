// npm run proof:http2
// h2spec, a conformance suite for HTTP/2 servers (146 cases of RFC 7540 and RFC 7541, strict ones among them), against the
// HTTP/2 server that Envoy talks to, with the limits that it has in the services. No failure is expected.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { LIMITS } from '../../../src/grpc/server.ts'
import { encodeHeaders } from '../../../src/http2/hpack.ts'
import { createHttp2Server } from '../../../src/http2/server.ts'
import type { Stream, StreamHandler } from '../../../src/http2/state.ts'

/** Its newest version that Go's module proxy has under this path. */
const H2SPEC = 'github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible'
const FOLDER = join(tmpdir(), 'chaperone-h2spec')
const BUILD_MS = 300_000
const RUN_MS = 300_000
/** Seconds that a case waits for what it expects. */
const PATIENCE = '5'
const SUMMARY = /(\d+) tests, (\d+) passed, (\d+) skipped, (\d+) failed/

const exec = promisify(execFile)
const say = (text: string) => void process.stdout.write(`${text}\n`)

async function h2spec(): Promise<string> {
  const file = join(FOLDER, 'h2spec')
  if (!existsSync(file)) {
    await exec('go', ['install', H2SPEC], { env: { ...process.env, GOBIN: FOLDER }, timeout: BUILD_MS })
  }
  return file
}

/** Some content and a trailer section for every request: what the cases on windows need. */
function answer(stream: Stream): StreamHandler {
  const nothing = () => undefined
  return {
    data: (bytes) => stream.consumed(bytes.length),
    end() {
      stream.headers(encodeHeaders([[':status', '200']]), false)
      stream.write([Buffer.from('content')])
      stream.end(encodeHeaders([['x-end', '1']]))
    },
    drained: nothing,
    closed: nothing,
  }
}

const program = await h2spec()
const server = createHttp2Server(LIMITS, answer)
const port = await server.listen({ host: '127.0.0.1', port: 0 })
const args = ['--strict', '--host', '127.0.0.1', '--port', String(port), '--timeout', PATIENCE]
// It ends with status 1 when a case fails: what it prints says which.
const { stdout } = await exec(program, args, { timeout: RUN_MS }).catch((error: { stdout?: string }) => ({
  stdout: error.stdout ?? '',
}))
server.destroy()

const [summary = 'no summary', tests, passed] = SUMMARY.exec(stdout) ?? []
const holds = tests !== undefined && tests === passed
if (!holds) say(stdout)
say(summary)
say(`proof:http2: the server is what RFC 9113 and RFC 7541 ask for ${holds ? 'holds' : 'FAILS'}`)
process.exitCode = holds ? 0 : 1
