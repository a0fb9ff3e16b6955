// Channels of notifications in words: where they lead, and who tells them.
import type { Config, NotificationConfig } from '../../config/schema.ts'

/** One line each; none without channels. */
export function channelLines(config: Config): string[] {
  return Object.entries(config.notifications).map(([name, channel]) => {
    const by = tellers(config, name)
    const told = by.length === 0 ? 'no rule and no mask tells it' : `told by ${by.join(', ')}`
    const parameters = channel.include_parameters ? ', with parameters' : ''
    return `${name}: ${describe(channel)}${parameters}; ${told}`
  })
}

function tellers({ policies, masks }: Config, channel: string): string[] {
  return [...Object.entries(policies), ...Object.entries(masks)]
    .filter(([, { notify = [] }]) => notify.includes(channel))
    .map(([name]) => name)
}

function describe(channel: NotificationConfig): string {
  switch (channel.kind) {
    case 'webhook':
      return `webhook to ${channel.url}, signed with ${channel.keys.join(' and ')}`
    case 'email':
      return `mail to ${channel.to.join(', ')} by ${channel.server} (${channel.tls === 'disable' ? 'without TLS' : channel.tls})`
    case 'slack':
      return `Slack channel ${channel.channel}, ${channel.actions === undefined ? 'links only' : 'clicks count as votes'}`
  }
}
