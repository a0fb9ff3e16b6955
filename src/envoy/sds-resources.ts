// What secret discovery may hand out: the certificates and secrets of the configuration, under names of their own kind.
import type { Config } from '../config/schema.ts'
import type { Secret } from '../core/secret.ts'
import type { CertificateFiles } from './certificate-files.ts'

/** Where secrets come from; src/secrets/ has one. `get` throws for a secret that cannot be had. */
export interface SecretSource {
  get(name: string): Secret
  /** Calls back when any secret changed. Returns how to stop it. */
  onChange(listener: () => void): () => void
}

export const SECRET_TYPE = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret'

/** Names in Envoy's configuration. A certificate and a secret may have the same name in Chaperone's. */
export const certificateResource = (name: string): string => `certificate/${name}`
export const secretResource = (name: string): string => `secret/${name}`

/** google.protobuf.Any in the form that protobufjs packs. It holds a credential: never log one. */
export interface SecretResource {
  readonly '@type': typeof SECRET_TYPE
  readonly name: string
  readonly tls_certificate?: Readonly<Record<'certificate_chain' | 'private_key', { inline_bytes: Buffer }>>
  readonly generic_secret?: { readonly secret: { readonly inline_bytes: Buffer } }
}

export interface SdsResources {
  /** Undefined for a name that is not configured, or whose value cannot be had now. */
  get(name: string): SecretResource | undefined
  onChange(listener: () => void): () => void
}

export function createSdsResources(
  config: Pick<Config, 'certificates' | 'secrets'>,
  certificates: CertificateFiles,
  secrets: SecretSource,
): SdsResources {
  const makers = new Map<string, () => SecretResource | undefined>()
  for (const name of Object.keys(config.certificates)) {
    makers.set(certificateResource(name), () => certificate(name, certificates))
  }
  for (const name of Object.keys(config.secrets)) {
    makers.set(secretResource(name), () => generic(name, secrets))
  }
  return {
    get: (name) => makers.get(name)?.(),
    onChange(listener) {
      const stops = [certificates.onChange(listener), secrets.onChange(listener)]
      return () => {
        for (const stop of stops) stop()
      }
    },
  }
}

function certificate(name: string, certificates: CertificateFiles): SecretResource | undefined {
  const pair = certificates.get(name)
  if (pair === undefined) return undefined
  return {
    '@type': SECRET_TYPE,
    name: certificateResource(name),
    tls_certificate: {
      certificate_chain: { inline_bytes: pair.chain },
      private_key: { inline_bytes: pair.key },
    },
  }
}

function generic(name: string, secrets: SecretSource): SecretResource | undefined {
  let value: Secret
  try {
    value = secrets.get(name)
  } catch {
    return undefined
  }
  return {
    '@type': SECRET_TYPE,
    name: secretResource(name),
    generic_secret: { secret: { inline_bytes: Buffer.from(value.reveal()) } },
  }
}
