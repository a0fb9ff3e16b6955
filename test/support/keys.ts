// Certificates for tests and the demo, made by the openssl command: authorities, servers, clients with SPIFFE IDs.
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface KeyPair {
  /** path of the PEM certificate */
  readonly certificate: string
  /** path of the PEM private key */
  readonly key: string
}

export interface LeafOptions {
  /** common name; also the file's name */
  readonly name: string
  /** DNS names and IP addresses of a server */
  readonly hosts?: readonly string[]
  /** URI names, for example a SPIFFE ID */
  readonly uris?: readonly string[]
  /** days of validity; 30 when absent. Zero or less makes one that has expired */
  readonly days?: number
}

export interface Authority extends KeyPair {
  /** a certificate of this authority, for servers and clients alike */
  issue(options: LeafOptions): KeyPair
}

/** @param directory where its files go; made when it does not exist */
export function createAuthority(directory: string, name = 'ca'): Authority {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const own = pathsOf(directory, name)
  openssl('req', '-x509', ...newKey(own.key), '-days', '365', '-subj', `/CN=${name}`, '-out', own.certificate)
  return { ...own, issue: (options) => issueLeaf(directory, own, options) }
}

function issueLeaf(directory: string, authority: KeyPair, options: LeafOptions): KeyPair {
  const leaf = pathsOf(directory, options.name)
  const request = join(directory, `${options.name}.csr`)
  const extensions = join(directory, `${options.name}.ext`)
  writeFileSync(extensions, extensionsOf(options))
  openssl('req', ...newKey(leaf.key), '-subj', `/CN=${options.name}`, '-out', request)
  const signer = ['-CA', authority.certificate, '-CAkey', authority.key, '-CAcreateserial']
  const days = ['-days', String(options.days ?? 30)]
  openssl(
    'x509',
    '-req',
    '-in',
    request,
    ...signer,
    ...days,
    '-extfile',
    extensions,
    '-out',
    leaf.certificate,
  )
  return leaf
}

function extensionsOf({ hosts = [], uris = [] }: LeafOptions): string {
  const names = [
    ...hosts.map((host) => (/^[\d.]+$|:/.test(host) ? `IP:${host}` : `DNS:${host}`)),
    ...uris.map((uri) => `URI:${uri}`),
  ]
  const lines = ['basicConstraints=critical,CA:FALSE', 'extendedKeyUsage=serverAuth,clientAuth']
  if (names.length > 0) lines.push(`subjectAltName=${names.join(',')}`)
  return `${lines.join('\n')}\n`
}

const pathsOf = (directory: string, name: string): KeyPair => ({
  certificate: join(directory, `${name}.crt`),
  key: join(directory, `${name}.key`),
})

/** P-256: made in a moment, and accepted everywhere. */
const newKey = (file: string) => [
  '-newkey',
  'ec',
  '-pkeyopt',
  'ec_paramgen_curve:P-256',
  '-nodes',
  '-keyout',
  file,
]

function openssl(...args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] })
}
