// The token that `chaperone login` got is a database password: real CLI, issuer, Envoy, PostgreSQL and psql.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { browse } from '../../support/browse.ts'
import { startCli } from '../../support/cli.ts'
import { type Stack, startStack } from '../../support/stack.ts'
import { temporaryDirectory } from '../../support/tmp.ts'

let stack: Stack
const home = temporaryDirectory('login')

beforeAll(async () => {
  stack = await startStack({ console: {} })
  stack.issuers.people.setPerson({ subject: 'ann', email: 'ann@example.com', groups: ['analysts'] })
})
afterAll(async () => {
  await stack.stop()
  home.remove()
})

it('psql gets in with what `chaperone token` prints, as the one who logged in', async () => {
  const start = (...args: string[]) => startCli(args, { HOME: home.path, CHAPERONE_ADMIN: stack.admin })
  const login = start('login')
  const [, url = ''] = await login.saying(/or open (\S+) /)
  await browse(url, { subject: 'ann', confirm: 'yes' })
  expect(await login.done).toMatchObject({ code: 0 })

  const { out, code } = await start('token').done
  expect(code).toBe(0)
  // as a shell's $(…) gives it
  const token = out.trimEnd()
  expect(await stack.psql(token, "SELECT 'in';")).toMatchObject({ code: 0, stdout: 'in\n' })
  expect(stack.audit()).toContainEqual(
    expect.objectContaining({
      type: 'login',
      outcome: 'admitted',
      actor: expect.objectContaining({ name: 'ann@example.com', groups: ['analysts'] }),
    }),
  )
})
