// What the demo shows: each chapter plays one promise with a stock client and checks that it was kept.
import { spawn } from 'node:child_process'
import { findHeldSession } from './recordings.ts'
import { CHAPERONE, type DemoServers } from './servers.ts'
import { expect, expectNot, indented, type Shown, say, show, step } from './show.ts'

type Story = (demo: DemoServers) => Promise<void>

/** psql with a token as its password, and nothing else. */
function psql(
  demo: DemoServers,
  who: string,
  token: string,
  sql: string,
  watch?: (text: string) => void,
): Promise<Shown> {
  const args = ['-X', demo.conninfo, ...sql.split('\n').flatMap((line) => ['-c', line])]
  const shown = `PGPASSWORD=<${who}> psql "host=127.0.0.1 …" ${sql
    .split('\n')
    .map((line) => `-c "${line}"`)
    .join(' ')}`
  return show('psql', args, { shown, env: { PGPASSWORD: token }, ...(watch ? { watch } : {}) })
}

interface Reviewer {
  readonly who: string
  readonly token: string
}

function chaperone(demo: DemoServers, args: readonly string[], as?: Reviewer): Promise<Shown> {
  const all = [...CHAPERONE, '--config', demo.configFile, ...args]
  const words = ['chaperone', ...args.map((word) => (word.includes(' ') ? `'${word}'` : word))]
  return show(process.execPath, all, {
    shown: [...(as ? [`CHAPERONE_TOKEN=<${as.who}>`] : []), ...words].join(' '),
    env: { CHAPERONE_TOKEN: as?.token ?? '' },
  })
}

const login: Story = async (demo) => {
  step(
    'A person and a workload log in: the password is an OIDC token, and no client has the database password',
  )
  const question = 'SELECT current_user AS logged_in_as'
  const ada = await psql(
    demo,
    "ada's token, group engineers",
    await demo.identities.tokens.person(['engineers'], { subject: 'ada' }),
    question,
  )
  expect(ada, 'an engineer logs in', /app_rw/)
  const job = await psql(
    demo,
    "token of the job 'reporting', group analysts",
    await demo.identities.tokens.workload('reporting'),
    question,
  )
  expect(job, 'a workload logs in', /app_ro/)
}

const masks: Story = async (demo) => {
  step('Sensitive columns come back masked, whatever they are called on the way')
  const token = await demo.identities.tokens.person(['engineers'], { subject: 'ada' })
  const sql =
    'SELECT id, name, email, ssn, card FROM customers\nSELECT ssn AS s, reverse(ssn) AS r FROM customers LIMIT 1'
  const shown = await psql(demo, "ada's token", token, sql)
  expect(shown, 'a read with masks', /Ada Lovelace/)
  expectNot(shown, 'a masked value', /078-05-1120|0211-50-870|4111111111111111|ada@example\.com/)
}

const refusal: Story = async (demo) => {
  step('DROP TABLE is refused before it runs, and the session goes on')
  const token = await demo.identities.tokens.person(['admins'], { subject: 'grace' })
  const sql =
    'CREATE TEMP TABLE scratch AS SELECT 42 AS answer\nDROP TABLE customers\nSELECT answer, pg_backend_pid() > 0 AS same_session FROM scratch'
  const shown = await psql(demo, "grace's token, group admins", token, sql)
  expect(shown, 'the refusal', /chaperone: .*no-drop/)
  expect(shown, 'the same session goes on', /42/)
}

const hold: Story = async (demo) => {
  step('An UPDATE is held; somebody else approves it from a second process; the same psql goes on')
  const { tokens } = demo.identities
  const token = await tokens.person(['approvers'], { subject: 'rita' })
  const reviewer = { who: "rita's token, group approvers", token }
  let approval: Promise<void> | undefined
  const approve = async (id: string) => {
    const listed = await chaperone(demo, ['approvals', 'list'], reviewer)
    expect(listed, 'the request is listed', new RegExp(id))
    const approved = await chaperone(demo, ['approvals', 'approve', id, '--reason', 'ticket 4711'], reviewer)
    expect(approved, 'the approval', /approved/i)
  }
  const watch = (text: string) => {
    const id = /request ([a-z2-7]{26})/.exec(text)?.[1]
    if (id) approval ??= approve(id)
  }
  const ada = await tokens.person(['engineers'], { subject: 'ada' })
  const sql = "UPDATE orders SET status = 'paid' WHERE id = 12 RETURNING id, status"
  const shown = await psql(demo, "ada's token", ada, sql, watch)
  await approval
  expect(shown, 'the notice', /held for approval/)
  expect(shown, 'the update ran', /UPDATE 1/)
}

const strangers: Story = async (demo) => {
  step('An expired token, one for another audience and one signed by a stranger are refused')
  const { tokens } = demo.identities
  const expired = await tokens.person(['engineers'], { lifetime: 1 })
  const elsewhere = await tokens.person(['engineers'], { audience: 'another-service' })
  const stranger = await tokens.stranger(['engineers'])
  await new Promise((resolve) => setTimeout(resolve, 2100))
  for (const [what, token] of [
    ['an expired token', expired],
    ['a token for another audience', elsewhere],
    ["a stranger's token", stranger],
  ] as const) {
    const shown = await psql(demo, what, token, 'SELECT 1')
    expect(shown, what, /FATAL: +chaperone:/)
  }
}

const rotation: Story = async (demo) => {
  step('The database password is rotated through Envoy while a session lives')
  const token = await demo.identities.tokens.person(['engineers'], { subject: 'ada' })
  const session = live(demo, token)
  expect(await session.ask('SELECT 1 AS before'), 'the session', /before/)
  say(`the password of ${demo.writer} changes in PostgreSQL and in the secret's file`)
  await demo.postgres.query(`ALTER ROLE ${demo.writer} PASSWORD 'a new password'`)
  demo.writeSecret('app-rw', 'a new password')
  expect(
    await session.ask('SELECT 2 AS the_old_session_goes_on'),
    'the old session',
    /the_old_session_goes_on/,
  )
  await taken(demo, token)
  const shown = await psql(demo, "ada's token", token, 'SELECT 3 AS the_next_session_uses_the_new_password')
  expect(shown, 'the next session', /the_next_session/)
  expect(await session.ask('SELECT 4 AS still_there'), 'the old session', /still_there/)
  session.end()
}

/** Waits until Envoy has the new secret: logins with the old one are refused by PostgreSQL, and recorded. */
async function taken(demo: DemoServers, token: string): Promise<void> {
  let refused = 0
  for (const deadline = Date.now() + 20_000; Date.now() < deadline; refused++) {
    const child = spawn('psql', ['-X', demo.conninfo, '-c', 'SELECT 1'], {
      env: { ...process.env, PGPASSWORD: token },
      stdio: 'ignore',
    })
    const code = await new Promise((resolve) => child.once('close', resolve))
    if (code === 0) {
      say(`until Envoy has it, PostgreSQL refuses new logins: ${refused} of ours, before one is let in`)
      return
    }
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  throw new Error('Envoy did not take the new secret')
}

/** A psql that stays, asked one statement at a time. */
function live(demo: DemoServers, token: string) {
  const child = spawn('psql', ['-X', demo.conninfo], { env: { ...process.env, PGPASSWORD: token } })
  let text = ''
  const take = (chunk: string) => {
    text += indented(text, chunk)
  }
  child.stdout.setEncoding('utf8').on('data', take)
  child.stderr.setEncoding('utf8').on('data', take)
  return {
    async ask(sql: string): Promise<Shown> {
      process.stdout.write(`   app=> ${sql};\n`)
      const from = text.length
      child.stdin.write(`${sql};\n`)
      for (const deadline = Date.now() + 10_000; !/row/.test(text.slice(from)) && Date.now() < deadline; ) {
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      return { text: text.slice(from), code: null }
    },
    end: () => void child.stdin.end(),
  }
}

const replay: Story = async (demo) => {
  step('Every session was recorded as its client saw it, and the recordings verify')
  await chaperone(demo, ['sessions', 'list'])
  const verified = await chaperone(demo, ['sessions', 'verify'])
  expect(verified, 'verification', /ok/i)
  expectNot(verified, 'verification', /tampered/i)
  const replayed = await chaperone(demo, ['sessions', 'replay', await findHeldSession(demo.recordings)])
  expect(replayed, 'the replay', /UPDATE 1/)
}

export const play: Story = async (demo) => {
  for (const chapter of [login, masks, refusal, hold, strangers, rotation, replay]) await chapter(demo)
}
