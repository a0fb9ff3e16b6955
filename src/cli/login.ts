// `chaperone login`, `logout`, `whoami` and `token`: a token of one's own, kept for one admin address.
import { type Command, Option } from 'commander'
import { z } from 'zod'
import { type AdminOptions, adminAddress, adminOption, configOf, tokenFor } from './admin-address.ts'
import { AdminUsage, createAdminClient, read } from './admin-client.ts'
import { openBrowser } from './login/browser.ts'
import { type CachedLogin, loginCache } from './login/cache.ts'
import { type DevicePrompt, logInByDevice, offersDevice } from './login/device.ts'
import { discover, type Issuer, LoginFailed } from './login/issuer.ts'
import { logInByBrowser } from './login/loopback.ts'
import { currentLogin, revoke } from './login/renew.ts'
import { loginTerms } from './login/terms.ts'
import { EXIT_CODES, perform } from './perform.ts'
import { printable, printableJson } from './terminal.ts'

const LOGIN_HELP = `
Which issuer: --issuer with --client-id, else \`admin.cli\` of the configuration, else what the admin port says.
How: by a code to enter in a browser anywhere, where the issuer offers that; else in a browser on this machine.
The token is kept in $XDG_CONFIG_HOME/chaperone, for this admin address alone, and is renewed while the issuer allows it.
${EXIT_CODES}

Examples:
  chaperone login --admin https://chaperone.example.com
  chaperone login --issuer https://idp.example.com --client-id chaperone-cli
  PGPASSWORD=$(chaperone token) psql 'host=db.example.com port=6432 dbname=app sslmode=verify-full'`

interface LoginOptions extends AdminOptions {
  readonly issuer?: string
  readonly clientId?: string
  readonly flow?: 'device' | 'browser'
  readonly launch?: boolean
  readonly json?: boolean
}

/** People read these, programs do not: standard output stays for what is asked for. */
function tell(text: string): void {
  process.stderr.write(`${printable(text)}\n`)
}

/** At least 0 minutes. */
const minutesUntil = (time: number) => Math.max(0, Math.floor((time - Date.now()) / 60_000))

function showCode({ url, complete, code }: DevicePrompt, launch: boolean): void {
  tell(`Open ${url} and enter the code ${code}`)
  if (complete === undefined) return
  tell(`or open ${complete} and see that it shows that code`)
  if (launch) openBrowser(complete)
}

function logInWith(issuer: Issuer, { flow, launch }: LoginOptions): Promise<CachedLogin> {
  if (flow === 'device' && !offersDevice(issuer)) {
    throw new LoginFailed('the issuer offers no login by code (RFC 8628)')
  }
  const opens = launch !== false && process.stderr.isTTY === true
  if (flow !== 'browser' && offersDevice(issuer)) {
    return logInByDevice(issuer, (prompt) => showCode(prompt, opens))
  }
  return logInByBrowser(issuer, (url) => {
    tell(`Open ${url}`)
    if (opens) openBrowser(url)
  })
}

async function logIn(program: Command, options: LoginOptions): Promise<void> {
  const admin = adminAddress(program, options)
  const cache = loginCache(admin, process.env)
  const terms = await loginTerms(admin, options, () => configOf(program, options))
  // Before anybody enters a password: whose page it is going to be, and who is going to have the token.
  tell(`Logging in at ${terms.issuer} (client ${terms.clientId}), for ${admin.origin}`)
  const login = await logInWith(await discover(terms), options)
  cache.write(login)
  const renewed = login.refreshToken === undefined ? 'cannot be renewed' : 'is renewed when it is needed'
  tell(`Logged in. The token is good for ${minutesUntil(login.expiresAt)} minutes and ${renewed}.`)
}

async function logOut(program: Command, options: LoginOptions): Promise<void> {
  const cache = loginCache(adminAddress(program, options), process.env)
  let login: CachedLogin | undefined
  try {
    login = cache.read()
  } finally {
    // also what is not to be trusted any more
    cache.remove()
  }
  if (login === undefined) return tell('Nobody was logged in.')
  try {
    await revoke(login)
    tell('Logged out.')
  } catch (error) {
    if (!(error instanceof LoginFailed)) throw error
    throw new LoginFailed(`logged out here, but the issuer was not told: ${error.message}`)
  }
}

const identity = z.looseObject({
  principal: z.string(),
  name: z.string(),
  kind: z.string(),
  groups: z.array(z.string()),
  expiresAt: z.int(),
})

async function whoAmI(program: Command, options: LoginOptions): Promise<void> {
  const admin = adminAddress(program, options)
  const client = createAdminClient(admin, await tokenFor(admin, options))
  const who = read(identity, await client.get('/api/v1/whoami'))
  if (options.json === true) return void process.stdout.write(`${printableJson(who)}\n`)
  const lines = [
    `${who.name} (${who.kind}, ${who.principal}) at ${admin.origin}`,
    `groups: ${who.groups.length === 0 ? 'none' : who.groups.join(', ')}`,
    `the token is good for ${minutesUntil(who.expiresAt)} minutes`,
  ]
  process.stdout.write(lines.map((line) => `${printable(line)}\n`).join(''))
}

async function printToken(program: Command, options: LoginOptions): Promise<void> {
  const { token } = await currentLogin(loginCache(adminAddress(program, options), process.env))
  const text = token.reveal()
  if (!/^[\x21-\x7e]+$/.test(text)) throw new AdminUsage('the cached token is none: log in again')
  process.stdout.write(`${text}\n`)
}

/** Adds `login`, `logout`, `whoami` and `token`. The program has the global option --config. */
export function registerLogin(program: Command): void {
  const subcommand = (
    name: string,
    description: string,
    work: (program: Command, options: LoginOptions) => Promise<void>,
  ) =>
    program
      .command(name)
      .description(description)
      .addOption(adminOption())
      .action((_: unknown, command: Command) => {
        const options = command.optsWithGlobals<LoginOptions>()
        return perform(command, options, () => work(program, options))
      })

  subcommand(
    'login',
    'log in at your identity provider, for the commands below and as a database password',
    logIn,
  )
    .option('--issuer <url>', 'the issuer, exactly as its tokens name it')
    .option('--client-id <id>', 'a public client there')
    .addOption(new Option('--flow <flow>', 'how to log in').choices(['device', 'browser']))
    .option('--no-launch', 'only print the address, and open no browser')
    .addHelpText('after', LOGIN_HELP)
  subcommand('logout', 'forget the token, and tell the issuer', logOut)
  subcommand('whoami', 'who you are to the admin API, and in which groups', whoAmI)
    .option('--token-file <file>', 'a file that holds your token')
    .option('--json', 'as JSON')
    .addHelpText('after', `\n${EXIT_CODES}`)
  subcommand('token', 'print a good token of the login, for use as a password', printToken).addHelpText(
    'after',
    `\nIt is renewed when it has to be. Example: PGPASSWORD=$(chaperone token) psql …\n${EXIT_CODES}`,
  )
}
