// Plays the main job, step by step, and checks every step. The last line says whether all of it held.
import { type DemoServers, startServers } from './servers.ts'
import { say, step } from './show.ts'
import { play } from './story.ts'

// The issuer is made for development here, and says so on the console at every start: that is known.
for (const level of ['info', 'warn'] as const) {
  const print = console[level]
  console[level] = (...text: unknown[]) => {
    if (!String(text[0]).includes('oidc-provider')) print(...text)
  }
}

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
  process.stdout.write(`\ndemo: everything held, in ${seconds} s\n`)
} catch (error) {
  process.stdout.write(`\ndemo: FAILED: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
  await servers?.stop()
}

async function stayUp({ conninfo, identities, configFile, ended }: DemoServers): Promise<void> {
  const hours = { lifetime: 8 * 3600 }
  const token = await identities.tokens.person(['engineers'], { subject: 'ada', ...hours })
  const reviewer = await identities.tokens.person(['approvers'], { subject: 'rita', ...hours })
  step('Everything stays up until Ctrl-C')
  process.stdout.write(`
As ada, an engineer (an UPDATE of orders is held):
  PGPASSWORD=${token} \\
  psql "${conninfo}"

As rita, who approves, in another terminal and in this checkout:
  export CHAPERONE_CONFIG=${configFile}
  export CHAPERONE_TOKEN=${reviewer}
  npx tsx src/main.ts approvals list
  npx tsx src/main.ts approvals approve ID --reason 'seen'
What was recorded:
  npx tsx src/main.ts sessions list
`)
  const signal = new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, resolve)
  })
  await Promise.race([signal, ended])
}
