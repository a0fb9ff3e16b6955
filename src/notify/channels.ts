// Makes a channel of what the configuration says. The only list of kinds.

import { readFileSync } from 'node:fs'
import { splitHostPort } from '../config/address.ts'
import type { NotificationConfig } from '../config/schema.ts'
import { reasonOf } from '../core/errors.ts'
import type { Secret } from '../core/secret.ts'
import type { Channel } from './channel.ts'
import { createEmail } from './email.ts'
import { createSlack } from './slack.ts'
import { createSlackApi } from './slack-api.ts'
import { createWebhook, MIN_KEY_BYTES } from './webhook.ts'

type SecretOf = (name: string) => Secret

/** @throws Error that names the channel */
export function createChannel(name: string, config: NotificationConfig, secret: SecretOf): Channel {
  try {
    return made(config, secret)
  } catch (error) {
    throw new Error(`notifications.${name}: ${reasonOf(error)}`)
  }
}

function made(config: NotificationConfig, secret: SecretOf): Channel {
  const { timeout, include_parameters: includeParameters } = config
  const ca = config.ca === undefined ? undefined : readFileSync(config.ca, 'utf8')
  const common = { timeout, includeParameters, ca }
  switch (config.kind) {
    case 'webhook': {
      const keys = () => config.keys.map(secret)
      for (const [index, key] of keys().entries()) {
        if (key.byteLength < MIN_KEY_BYTES) {
          throw new Error(
            `the secret ${config.keys[index]} has less than the ${MIN_KEY_BYTES} bytes of a key`,
          )
        }
      }
      return createWebhook({ ...common, url: config.url, keys })
    }
    case 'email': {
      const { host, port } = splitHostPort(config.server)
      const { user, password, tls, from, to, server_name: serverName = host } = config
      const login =
        user === undefined || password === undefined ? undefined : { user, password: () => secret(password) }
      login?.password()
      return createEmail({ ...common, host, port, tls, serverName, from, to, login })
    }
    case 'slack': {
      const { api, token, channel, actions } = config
      secret(token)
      const call = createSlackApi({ api, token: () => secret(token), ca })
      return createSlack({ ...common, call, channel, buttons: actions !== undefined })
    }
  }
}
