// References of everything but resources and rules: processor, admin, issuers, certificate identities, store.
import { isLoopback, splitHostPort } from './address.ts'
import type { ReferenceCheck } from './reference-check.ts'
import { checkStore } from './references-store.ts'
import { workerProblems } from './workers.ts'

export function checkServices(check: ReferenceCheck): void {
  checkProcessor(check)
  checkIssuers(check)
  checkCertificateIdentities(check)
  checkStore(check)
  checkAdmin(check)
}

function checkAdmin({ config, report, needs }: ReferenceCheck): void {
  const { public_url: publicUrl, issuer, console } = config.admin
  needs(['admin', 'issuer'], 'issuers', issuer)
  if (publicUrl !== undefined) checkPublicUrl(new URL(publicUrl), report)
  checkCommandLine({ config, report, needs })
  if (console === undefined) return
  needs(['admin', 'console', 'client_secret'], 'secrets', console.client_secret)
  const at = ['admin', 'console']
  if (publicUrl === undefined) report(at, 'the login has to come back to it', 'add `admin.public_url`')
  if (issuer === undefined) report(at, 'people log in at one issuer', 'add `admin.issuer`')
  else if (config.issuers[issuer]?.kind === 'workload') {
    report(['admin', 'issuer'], 'only people log in to the console', 'name an issuer of kind person')
  }
  if (!console.scopes.includes('openid')) {
    // OpenID Connect Core 1.0, section 3.1.2.1
    report([...at, 'scopes'], 'without openid no ID token comes back', 'add openid')
  }
}

function checkCommandLine({
  config,
  report,
  needs,
}: Pick<ReferenceCheck, 'config' | 'report' | 'needs'>): void {
  const { cli, issuer } = config.admin
  if (cli === undefined) return
  const at = ['admin', 'cli']
  needs([...at, 'issuer'], 'issuers', cli.issuer)
  const used = cli.issuer ?? issuer
  if (used === undefined) report(at, 'people log in at one issuer', 'add `issuer`, here or to `admin`')
  else if (config.issuers[used]?.kind === 'workload')
    report(at, 'only people log in', 'name an issuer of kind person')
  if (issuer !== undefined && used !== issuer) {
    report([...at, 'issuer'], 'its tokens are not accepted: `admin.issuer` is another')
  }
  if (!cli.scopes.includes('openid')) {
    // OpenID Connect Core 1.0, section 3.1.2.1
    report([...at, 'scopes'], 'without openid no ID token comes back', 'add openid')
  }
}

function checkPublicUrl(url: URL, report: ReferenceCheck['report']): void {
  const at = ['admin', 'public_url']
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    report(at, 'plain http is only for loopback: logins that come over it can be stolen', 'use https')
  }
  if (url.username !== '' || url.password !== '') report(at, 'a URL with a password in it is not accepted')
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    report(at, 'pages are at the root of their host', 'leave out what comes after the host')
  }
}

function checkProcessor({ config, report, needs }: ReferenceCheck): void {
  for (const { path, message, cure } of workerProblems(config)) report(path, message, cure)
  const { address, tls } = config.processor
  needs(['processor', 'tls', 'certificate'], 'certificates', tls?.certificate)
  needs(['envoy', 'processor', 'certificate'], 'certificates', config.envoy.processor?.certificate)
  if (address.startsWith('unix:')) {
    if (tls !== undefined) report(['processor', 'tls'], 'is only for a TCP address')
  } else if (tls === undefined && !isLoopback(splitHostPort(address).host)) {
    const cure = 'add `processor.tls`, or use a unix socket'
    report(['processor', 'address'], 'a TCP address that others can reach needs mutual TLS', cure)
  }
  if (tls !== undefined && config.envoy.processor === undefined) {
    report(['processor', 'tls'], 'Envoy needs a client certificate for it', 'add `envoy.processor`')
  }
  if (tls === undefined && config.envoy.processor !== undefined) {
    report(['envoy', 'processor'], 'has no effect without `processor.tls`')
  }
}

function checkIssuers({ config, report }: ReferenceCheck): void {
  for (const [name, issuer] of Object.entries(config.issuers)) {
    for (const key of ['issuer', 'jwks'] as const) {
      const text = issuer[key]
      if (text === undefined) continue
      const url = new URL(text)
      const at = ['issuers', name, key]
      if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
        report(at, 'plain http is only for loopback: keys that come over it can be replaced', 'use https')
      }
      if (url.username !== '' || url.password !== '')
        report(at, 'a URL with a password in it is not accepted')
      // OpenID Connect Discovery 1.0, section 3; and `#` separates issuer and subject in our own identifiers
      if (key === 'issuer' && /[?#]/.test(text)) report(at, 'an issuer has no query and no fragment')
    }
  }
}

function checkCertificateIdentities({ config, report }: ReferenceCheck): void {
  for (const [name, identity] of Object.entries(config.certificate_identities)) {
    if (identity.trust_domain === undefined && identity.subjects === undefined) {
      const cure = 'add `trust_domain`, `subjects` or both'
      report(['certificate_identities', name], 'would accept no certificate', cure)
    }
  }
}
