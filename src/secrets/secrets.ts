// The secrets of the configuration, in memory, by name. They are given to Envoy by secret discovery and written nowhere.
import type { Config, SecretConfig } from '../config/schema.ts'
import type { Secret } from '../core/secret.ts'
import { environmentSource } from './environment.ts'
import { fileSource } from './file.ts'
import { SecretError, type SecretSource } from './source.ts'

export interface Secrets {
  /** @throws SecretError for a name that the configuration does not have */
  get(name: string): Secret
  /** Calls the listener with the name of each secret whose value changes, until the returned function is called. */
  onChange(listener: (name: string) => void): () => void
  close(): void
}

/** What operators should know; the text holds no value. */
export type SecretReport = (level: 'info' | 'warn', name: string, message: string) => void

/** @throws SecretError that names every secret that cannot be read, with the reason */
export function createSecrets(config: Config['secrets'], report: SecretReport = () => {}): Secrets {
  const sources = openAll(config)
  const listeners = new Set<(name: string) => void>()
  for (const [name, source] of sources) {
    source.watch({
      changed: () => {
        report('info', name, 'the secret changed')
        for (const listener of [...listeners]) notify(listener, name, report)
      },
      failed: (reason) => report('warn', name, `${reason}; the last value stays in use`),
      recovered: () => report('info', name, 'the secret can be read again'),
    })
  }
  return {
    get: (name) => {
      const source = sources.get(name)
      if (source === undefined) throw new SecretError(`there is no secret "${name}" in the configuration`)
      return source.get()
    },
    onChange: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close: () => {
      listeners.clear()
      for (const source of sources.values()) source.close()
    },
  }
}

/** One listener's failure must not keep a rotation from the others. */
function notify(listener: (name: string) => void, name: string, report: SecretReport): void {
  try {
    listener(name)
  } catch {
    report('warn', name, 'something that uses the secret failed to take up its new value')
  }
}

function openAll(config: Config['secrets']): Map<string, SecretSource> {
  const sources = new Map<string, SecretSource>()
  const problems: string[] = []
  for (const [name, secret] of Object.entries(config)) {
    const opened = tryOpen(secret)
    if (typeof opened === 'string') problems.push(`secrets.${name}: ${opened}`)
    else sources.set(name, opened)
  }
  if (problems.length === 0) return sources
  for (const source of sources.values()) source.close()
  throw new SecretError(problems.join('\n'))
}

/** Why each secret that cannot be read cannot be, by name. */
export function unreadableSecrets(config: Config['secrets']): { name: string; reason: string }[] {
  return Object.entries(config).flatMap(([name, secret]) => {
    const opened = tryOpen(secret)
    if (typeof opened === 'string') return [{ name, reason: opened }]
    opened.close()
    return []
  })
}

/** The source, or why there is none. */
function tryOpen(config: SecretConfig): SecretSource | string {
  try {
    return openSource(config)
  } catch (error) {
    return error instanceof SecretError ? error.message : 'cannot be read'
  }
}

function openSource(config: SecretConfig): SecretSource {
  return 'env' in config ? environmentSource(config.env) : fileSource(config.file)
}
