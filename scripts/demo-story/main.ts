// Plays the main job, step by step, and checks every step. The last line says whether all of it held.
import './quiet.ts'
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type DemoServers, startServers } from './servers.ts'
import { say, step } from './show.ts'
import { play } from './story.ts'

const keep = process.argv.includes('--keep')
const began = performance.now()
let servers: DemoServers | undefined
try {
  step('Starting a database, two issuers, Chaperone and Envoy on loopback')
  servers = await startServers(say)
  await play(servers)
  const seconds = ((performance.now() - began) / 1000).toFixed(0)
  if (keep) await stayUp(servers)
  await servers.stop()
  process.stdout.write('\nEach step was checked, and did what its title says.\n')
  process.stdout.write(`demo: everything held, in ${seconds} s\n`)
} catch (error) {
  process.stdout.write(`\ndemo: FAILED: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
  await servers?.stop()
}

async function stayUp({ conninfo, identities, configFile, admin, ended }: DemoServers): Promise<void> {
  const folder = dirname(configFile)
  /** A file, so that no token stands in a shell's history. */
  const tokenFile = async (subject: string, groups: readonly string[]) => {
    const path = join(folder, `${subject}.token`)
    const token = await identities.tokens.person(groups, { subject, lifetime: 8 * 3600 })
    writeFileSync(path, token, { mode: 0o600 })
    return path
  }
  const ada = await tokenFile('ada', ['engineers'])
  const alan = await tokenFile('alan', ['analysts'])
  const rita = await tokenFile('rita', ['approvers'])
  const field = (name: string) => new RegExp(`${name}=(\\S+)`).exec(conninfo)?.[1] ?? ''
  step('Everything stays up until Ctrl-C')
  process.stdout.write(`
The configuration, the audit log and the recordings are in ${folder}; tokens are good for eight hours.

As ada, an engineer (an UPDATE of orders is held), or as alan, who only reads (${alan}):
  PGPASSWORD=$(cat ${ada}) psql "${conninfo}"

As rita, who approves, in another terminal and in this checkout:
  export CHAPERONE_CONFIG=${configFile}
  npx tsx src/main.ts approvals list --token-file ${rita}
  npx tsx src/main.ts approvals approve ID --token-file ${rita} --reason 'seen'
or in a browser on this machine: ${admin}, with the subject rita; she also sees live sessions, recordings and the policy.
A vote wants a token that is at most an hour old: then, or to log in as people do, leave out --token-file after
  npx tsx src/main.ts login --flow browser      # the subject is rita
Who is connected now, and how a session is ended:
  npx tsx src/main.ts sessions live --token-file ${rita}
  npx tsx src/main.ts sessions end SESSION --token-file ${rita} --reason 'seen'
What was recorded, and what the rules say to a statement before it is sent:
  npx tsx src/main.ts sessions list
  npx tsx src/main.ts explain --resource app --as-groups analysts 'SELECT ssn FROM customers'

From Node.js, in this checkout (saved as a .mjs file):
  import { readFileSync } from 'node:fs'
  import pg from 'pg'
  const password = readFileSync('${ada}', 'utf8'), ca = readFileSync('${field('sslrootcert')}', 'utf8')
  const client = new pg.Client({ host: '${field('host')}', port: ${field('port')}, user: 'me', database: '${field('dbname')}', password, ssl: { ca } })
  await client.connect()
  console.log((await client.query('SELECT id, name, ssn FROM customers')).rows)
  await client.end()
From Python (pip install 'psycopg[binary]'):
  import psycopg
  with psycopg.connect("${conninfo}", password=open("${ada}").read()) as conn:
      print(conn.execute("SELECT id, name, ssn FROM customers").fetchall())
`)
  const signal = new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, resolve)
  })
  await Promise.race([signal, ended])
}
