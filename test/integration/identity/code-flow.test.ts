// What an issuer says of a login that it refuses is for the log of the services, and for the terminal of whoever logs in:
// bounded, printable, and without what the issuer was told.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { loginCache } from '../../../src/cli/login/cache.ts'
import { currentLogin } from '../../../src/cli/login/renew.ts'
import { Secret } from '../../../src/core/secret.ts'
import { createCodeFlow, newAttempt } from '../../../src/identity/code-flow.ts'
import { configWithIssuers, issuerYaml } from '../../support/identity.ts'
import { temporaryDirectory } from '../../support/tmp.ts'

const directory = temporaryDirectory('code-flow')
const closing: (() => unknown)[] = [() => directory.remove()]
let issuer: string

/** It repeats all that it is sent, in the middle of what a terminal obeys, and more than anybody reads. */
beforeAll(async () => {
  const server = createServer(async (request, response) => {
    let body = `${request.headers.authorization} `
    for await (const chunk of request) body += String(chunk)
    const discovery = request.url?.includes('.well-known')
    const answer = discovery
      ? {
          issuer,
          authorization_endpoint: `${issuer}/auth`,
          token_endpoint: `${issuer}/token`,
          token_endpoint_auth_methods_supported: ['client_secret_post'],
        }
      : {
          error: 'invalid_client',
          error_description: `\u001b[2J\u202e no: ${body} ${decodeURIComponent(body)} ${'x'.repeat(9000)}`,
        }
    response.writeHead(discovery ? 200 : 400, { 'content-type': 'application/json' })
    response.end(JSON.stringify(answer))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(() => server.close())
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(async () => {
  for (const close of closing.reverse()) await close()
})

const HARMLESS = /^[\x20-\x7e…’]{1,400}$/

it('the log of the services has no secret of the client, and nothing that would harm whoever reads it', async () => {
  const config = configWithIssuers({ corp: issuerYaml(issuer) }).issuers['corp']
  if (config === undefined) throw new Error('no issuer')
  const flow = createCodeFlow(
    {
      issuer: config,
      clientId: 'console',
      clientSecret: () => new Secret('hunter2/hunter2'),
      scopes: ['openid'],
      redirectUri: 'http://127.0.0.1/auth/callback',
    },
    { now: Date.now, signal: new AbortController().signal, report: () => undefined },
  )
  const attempt = newAttempt()
  const answer = new URL(`http://127.0.0.1/auth/callback?state=${attempt.state}&code=the-one-time-code`)
  const { problem = '' } = (await flow.finish(answer, attempt)) as { problem?: string }
  expect(problem).toMatch(/^invalid_client: \\u\{1b\}\[2J\\u\{202e\} no: /)
  expect(problem).toMatch(HARMLESS)
  for (const secret of ['hunter2', 'the-one-time-code', attempt.verifier])
    expect(problem).not.toContain(secret)
})

it('a login in a browser that comes back with an error is told likewise', async () => {
  const config = configWithIssuers({ corp: issuerYaml(issuer) }).issuers['corp']
  if (config === undefined) throw new Error('no issuer')
  const flow = createCodeFlow(
    { issuer: config, clientId: 'c', scopes: ['openid'], redirectUri: 'http://127.0.0.1/auth/callback' },
    { now: Date.now, signal: new AbortController().signal, report: () => undefined },
  )
  const attempt = newAttempt()
  const error = new URLSearchParams({
    state: attempt.state,
    error: 'access_denied',
    error_description: `\n\u2028\u202e${'y'.repeat(9000)}`,
  })
  const outcome = await flow.finish(new URL(`http://127.0.0.1/auth/callback?${error}`), attempt)
  expect((outcome as { problem?: string }).problem).toMatch(HARMLESS)
})

it('the terminal of whoever renews a login shows no refresh token', async () => {
  const cache = loginCache(new URL('http://127.0.0.1:1'), { XDG_CONFIG_HOME: join(directory.path, 'config') })
  cache.write({
    terms: { issuer, clientId: 'cli', scopes: ['openid'], token: 'access' },
    token: new Secret('a token that is over'),
    expiresAt: 0,
    refreshToken: new Secret('refresh+with/signs'),
  })
  const failed = await currentLogin(cache).catch((error: Error) => error.message)
  expect(failed).toMatch(/^the issuer refuses: invalid_client: /)
  expect(failed).toMatch(HARMLESS)
  expect(failed).not.toMatch(/signs/)
})
