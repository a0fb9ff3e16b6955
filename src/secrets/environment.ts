// A secret in an environment variable, read once: it cannot change while the process lives.
import { Secret } from '../core/secret.ts'
import { checkValue, SecretError, type SecretSource } from './source.ts'

/** @throws SecretError when the variable is not set or empty */
export function environmentSource(variable: string): SecretSource {
  const value = process.env[variable]
  if (value === undefined) throw new SecretError(`the environment variable ${variable} is not set`)
  const secret = new Secret(checkValue(value, `the environment variable ${variable}`))
  return { get: () => secret, watch: () => {}, close: () => {} }
}
