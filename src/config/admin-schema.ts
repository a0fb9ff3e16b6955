// The shape of `admin` in chaperone.yaml: health, metrics, the approvals API and the console.
import { z } from 'zod'
import { listenAddress, name, positiveDuration, withDefault } from './scalars.ts'

const groups = z.array(z.string().min(1)).min(1)

/** RFC 6749, appendix A.4 */
const scopes = z.array(z.string().regex(/^[!#-[\]-~]+$/, 'needs a scope of RFC 6749'))

const consoleOfPeople = z.strictObject({
  client_id: z
    .string()
    .min(1)
    .describe('at the issuer; its ID tokens are for this audience, and are taken for nothing else'),
  client_secret: name
    .optional()
    .describe('a name under `secrets`; absent for a public client, which PKCE alone protects'),
  scopes: scopes
    .default(['openid', 'email', 'profile'])
    .describe('what the login asks for; the ID token has to have the claims of name and groups'),
  auditors: groups
    .optional()
    .describe('who sees live sessions (by the API as well), recordings and the policy; nobody when absent'),
  terminators: groups
    .optional()
    .describe('who may end live sessions, and so sees them, by the API as well; nobody when absent'),
  idle: withDefault(positiveDuration, '30m').describe('a login ends that was not used for so long'),
  session: withDefault(positiveDuration, '8h').describe(
    'longest login; it ends before that with its ID token, and people are sent to log in again',
  ),
})

const commandLine = z.strictObject({
  client_id: z
    .string()
    .min(1)
    .max(255)
    .describe(
      'a public client at the issuer, for the device flow or a redirect to http://127.0.0.1/callback',
    ),
  issuer: name.optional().describe('a name under `issuers`; `admin.issuer` when absent'),
  scopes: scopes
    .default(['openid', 'email'])
    .describe('what the login asks for; offline_access is added where the issuer has it'),
  token: z
    .enum(['access', 'id'])
    .default('access')
    .describe('which token is shown to Chaperone: `id` where the issuer’s access tokens are no JWTs'),
  resource: z
    .string()
    .min(1)
    .optional()
    .describe('RFC 8707: whom the access token is to be for, where the issuer wants to be told'),
})

export const admin = z
  .strictObject({
    address: listenAddress
      .default('127.0.0.1:9990')
      .describe('health, metrics, the approvals API and the console; loopback unless a proxy guards it'),
    public_url: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe(
        'where people reach it, for links and the login; https, or http on loopback, without a path. Plain `https://chaperone.example`',
      ),
    hosts: z
      .array(
        z
          .string()
          .max(253)
          .regex(/^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/, 'needs the name of a host in lower case, without a port'),
      )
      .optional()
      .describe(
        'further names under which the port is reached, as that of a service or the one that a proxy passes on; addresses, localhost and those of `address` and `public_url` are taken anyhow, and requests for other names are refused (421), but for /healthz and /readyz',
      ),
    issuer: name
      .optional()
      .describe('the issuer whose tokens the API accepts; all issuers of kind person when absent'),
    cli: commandLine
      .optional()
      .describe('how `chaperone login` logs people in; it has to be told by options when absent'),
    max_token_age: withDefault(positiveDuration, '1h').describe(
      'how long ago a token may have been issued (`iat`) for a vote to count: groups are those of that moment',
    ),
    operators: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .describe(
        'groups whose members see which notifications were given up (docs/notifications.md); nobody when absent',
      ),
    console: consoleOfPeople
      .optional()
      .describe(
        'pages for reviewers; needs `admin.public_url` and `admin.issuer`. There are none when absent',
      ),
  })
  .prefault({})
