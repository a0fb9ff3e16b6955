// Who clicked: the e-mail address that Slack confirmed for a member of the bot's own workspace.
import { z } from 'zod'
import type { SlackApi } from '../notify/slack-api.ts'

export type SlackUser =
  | { readonly kind: 'mail'; readonly mail: string }
  | { readonly kind: 'refused'; readonly why: string }

const text = z.string().max(300)
const own = z.object({ team_id: text, enterprise_id: text.nullish() })
const info = z.object({
  user: z.object({
    id: text,
    team_id: text.optional(),
    deleted: z.boolean().optional(),
    is_bot: z.boolean().optional(),
    /** of another organization, by Slack Connect */
    is_stranger: z.boolean().optional(),
    is_email_confirmed: z.boolean().optional(),
    enterprise_user: z.object({ enterprise_id: text }).optional(),
    profile: z.object({ email: text.optional() }),
  }),
})

/** @throws when Slack does not answer, or refuses */
export async function slackUser(call: SlackApi, id: string, signal: AbortSignal): Promise<SlackUser> {
  const bot = await call('auth.test', { form: {} }, own, signal)
  const { user } = await call('users.info', { form: { user: id } }, info, signal)
  const refused = (why: string): SlackUser => ({ kind: 'refused', why })
  if (user.id !== id) return refused('Slack told of another user')
  if (user.deleted === true || user.is_bot === true) return refused('the account is no person’s')
  // Whoever runs another workspace says what addresses its members have.
  const enterprise = user.enterprise_user?.enterprise_id
  const sameEnterprise = enterprise !== undefined && enterprise === bot.enterprise_id
  if (user.is_stranger === true || !(user.team_id === bot.team_id || sameEnterprise)) {
    return refused('the account is of another workspace')
  }
  if (user.is_email_confirmed !== true || !user.profile.email) {
    return refused('the account has no e-mail address that Slack confirmed')
  }
  return { kind: 'mail', mail: user.profile.email }
}
