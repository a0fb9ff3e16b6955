// The shape of `notifications` in chaperone.yaml: where reviewers are told that something waits for them.
import { z } from 'zod'
import { hostPort, inputFile, name, positiveDuration, withDefault } from './scalars.ts'

/** RFC 5321 in the part that people use: one address, nothing that ends a header or starts another address. */
const mailbox = z
  .string()
  .max(254)
  .regex(
    /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*$/,
    'needs an address such as dba@example.com',
  )

const httpUrl = z.url({ protocol: /^https?$/ }).max(2048)

/** Of every channel. */
const common = {
  include_parameters: z
    .boolean()
    .default(false)
    .describe(
      'send the values of parameters as well; the text of a statement, with its literals, is sent always',
    ),
  ca: inputFile.optional().describe('authority of the server’s certificate; the system’s when absent'),
  timeout: withDefault(positiveDuration, '10s').describe('of one attempt'),
}

const webhook = z.strictObject({
  kind: z.literal('webhook').describe('JSON to an address of yours, signed'),
  url: httpUrl.describe('https, or http on loopback; redirects are not followed'),
  keys: z
    .array(name)
    .min(1)
    .max(2)
    .describe('names under `secrets` that sign, of at least 32 bytes; two while one takes the other’s place'),
  ...common,
})

const email = z.strictObject({
  kind: z.literal('email').describe('messages by SMTP'),
  server: hostPort.describe('of the mail server, for example smtp.example.com:587'),
  tls: z
    .enum(['starttls', 'implicit', 'disable'])
    .default('starttls')
    .describe('`starttls` is demanded, not only offered; `disable` is for loopback'),
  server_name: z
    .string()
    .min(1)
    .optional()
    .describe('the name that the server’s certificate must have; the host of `server` when absent'),
  user: z.string().min(1).optional().describe('who logs in to the server; needs `password`'),
  password: name.optional().describe('a name under `secrets`'),
  from: mailbox.describe('whom the messages are from'),
  to: z.array(mailbox).min(1).max(50).describe('who gets them'),
  ...common,
})

const slackActions = z.strictObject({
  signing_secret: name.describe('a name under `secrets`: the signing secret of the Slack app'),
  verified_within: withDefault(positiveDuration, '1h').describe(
    'how long ago a person must have shown a token to the admin port (API or console) for a click in Slack to count; at most 12h, and `admin.max_token_age`. The groups are those of that token',
  ),
})

const slack = z.strictObject({
  kind: z.literal('slack').describe('messages in a Slack channel'),
  token: name.describe('a name under `secrets`: the bot token of the Slack app (xoxb-…)'),
  channel: z
    .string()
    .regex(/^[A-Z0-9]{2,32}$/, 'needs the channel’s id, for example C0123456789')
    .describe('id of the channel'),
  actions: slackActions
    .optional()
    .describe('buttons to approve and to deny (docs/notifications.md); a link alone when absent'),
  api: httpUrl.default('https://slack.com/api').describe('where Slack’s API is'),
  ...common,
})

export const notificationChannel = z.discriminatedUnion('kind', [webhook, email, slack])
