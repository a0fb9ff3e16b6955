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
  /** of validity from now on, instead of days */
  readonly seconds?: number
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
  const out = ['-in', request, '-extfile', extensions, '-out', leaf.certificate]
  if (options.seconds !== undefined) signFor(options.seconds, directory, authority, out)
  else {
    const signer = ['-CA', authority.certificate, '-CAkey', authority.key, '-CAcreateserial']
    openssl('x509', '-req', ...signer, '-days', String(options.days ?? 30), ...out)
  }
  return leaf
}

/** `openssl x509` of OpenSSL 3.0 counts in days; `openssl ca` takes times. */
function signFor(seconds: number, directory: string, authority: KeyPair, out: readonly string[]): void {
  const settings = join(directory, 'ca.cnf')
  const database = join(directory, 'index.txt')
  writeFileSync(database, '')
  writeFileSync(
    settings,
    [
      '[ca]\ndefault_ca = own\n[own]',
      `database = ${database}\nnew_certs_dir = ${directory}\nrand_serial = yes\nunique_subject = no`,
      'default_md = sha256\npolicy = any\n[any]\ncommonName = supplied\n',
    ].join('\n'),
  )
  const times = ['-startdate', opensslTime(0), '-enddate', opensslTime(seconds)]
  const signer = ['-cert', authority.certificate, '-keyfile', authority.key]
  openssl('ca', '-batch', '-notext', '-config', settings, ...signer, ...times, ...out)
}

/** YYYYMMDDHHMMSSZ */
const opensslTime = (seconds: number) =>
  `${new Date(Date.now() + seconds * 1000).toISOString().replace(/\D/g, '').slice(0, 14)}Z`

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
