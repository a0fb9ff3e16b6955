// Which certificates are whom.
import { describe, expect, it } from 'vitest'
import type { CertificateIdentityConfig } from '../../../src/config/schema.ts'
import { authenticateCertificate, trustDomain } from '../../../src/identity/certificate.ts'
import { principalOf, refusalOf } from '../../support/identity.ts'

const mesh: CertificateIdentityConfig = {
  kind: 'workload',
  trust_domain: 'corp.example',
  groups: ['services'],
}
const staff: CertificateIdentityConfig = {
  kind: 'person',
  subjects: ['CN=*,O=Acme'],
  groups: ['staff', 'staff'],
}
const build: CertificateIdentityConfig = {
  kind: 'workload',
  trust_domain: 'corp.example',
  subjects: ['spiffe://corp.example/ns/build/*'],
  groups: ['pipelines'],
}

describe('a SPIFFE ID belongs to a trust domain', () => {
  it.each([
    ['spiffe://corp.example/ns/a/sa/b', 'corp.example'],
    ['spiffe://corp.example', undefined],
    ['spiffe://corp.example/', undefined],
    ['spiffe://corp.example//a', undefined],
    ['spiffe://corp.example/a/', undefined],
    ['spiffe://corp.example/../a', undefined],
    ['spiffe://corp.example/./a', undefined],
    ['spiffe://corp.example:443/a', undefined],
    ['spiffe://user@corp.example/a', undefined],
    ['spiffe://CORP.example/a', undefined],
    ['SPIFFE://corp.example/a', undefined],
    ['spiffe://corp.example/a?x', undefined],
    ['spiffe://corp.example/a#x', undefined],
    ['spiffe://corp.example/%2e%2e', undefined],
    ['https://corp.example/a', undefined],
    ['spiffe://corp.example/a\nspiffe://other/b', undefined],
    ['spiffe:///a', undefined],
  ])('%j is of %j', (uri, domain) => {
    expect(trustDomain(uri)).toBe(domain)
  })
})

describe('a client certificate', () => {
  it('of the trust domain is a workload with the groups of the configuration and its whole ID as subject', () => {
    const uriSan = 'spiffe://corp.example/ns/a/sa/b'
    const principal = principalOf(authenticateCertificate({ uriSan, subject: 'CN=x' }, [['mesh', mesh]]))
    expect(principal).toMatchObject({
      issuer: 'mesh',
      subject: uriSan,
      kind: 'workload',
      groups: ['services'],
    })
    expect(principal).toMatchObject({
      method: 'certificate',
      claims: {},
      expiresAt: Number.POSITIVE_INFINITY,
    })
  })

  it('proves who it is until its end, where that is known', () => {
    const uriSan = 'spiffe://corp.example/ns/a/sa/b'
    const outcome = authenticateCertificate({ uriSan, expiresAt: 1_800_000_000_000 }, [['mesh', mesh]])
    expect(principalOf(outcome)).toMatchObject({ expiresAt: 1_800_000_000_000 })
  })

  it.each([
    'spiffe://corp.example.evil/a',
    'spiffe://evil.corp.example/a',
    'spiffe://corp-example/a',
    'spiffe://evil/corp.example/a',
  ])('of the trust domain of %s is not of ours', (uriSan) => {
    expect(refusalOf(authenticateCertificate({ uriSan }, [['mesh', mesh]])).code).toBe('unauthenticated')
  })

  it('cannot claim a SPIFFE ID by its subject', () => {
    const certificate = { subject: 'spiffe://corp.example/ns/a' }
    expect(refusalOf(authenticateCertificate(certificate, [['mesh', mesh]])).hint).toMatch(/^use another/)
  })

  it('cannot claim a subject by its URI name', () => {
    const certificate = { uriSan: 'CN=ann,O=Acme', subject: 'CN=ann' }
    expect(authenticateCertificate(certificate, [['staff', staff]]).kind).toBe('rejected')
  })

  it('fits by its subject where the configuration says so, and each group counts once', () => {
    const principal = principalOf(authenticateCertificate({ subject: 'CN=ann,O=Acme' }, [['staff', staff]]))
    expect(principal).toMatchObject({ subject: 'CN=ann,O=Acme', kind: 'person', groups: ['staff'] })
  })

  it.each(['CN=x\\,O=Acme', 'CN=x\\\\\\,O=Acme', 'CN=x\\,O=Acme,O=Other', 'CN=x\\+O=Acme'])(
    'whose name spells out another part of the subject is not of it (%s)',
    (subject) => {
      expect(authenticateCertificate({ subject }, [['staff', staff]]).kind).toBe('rejected')
    },
  )

  it('may have escaped characters in its name, which a pattern writes as the subject does', () => {
    const accepts = (pattern: string, subject: string) =>
      authenticateCertificate({ subject }, [['any', { ...staff, subjects: [pattern] }]]).kind
    expect(accepts('CN=*,O=Acme', 'CN=Doe\\, Jane,O=Acme')).toBe('principal')
    expect(accepts('CN=*,O=Acme', 'CN=x\\\\,O=Acme')).toBe('principal')
    expect(accepts('CN=*,O=Acme\\, Inc.', 'CN=x,O=Acme\\, Inc.')).toBe('principal')
    expect(accepts('CN=*,O=Acme, Inc.', 'CN=x,O=Acme\\, Inc.')).toBe('rejected')
  })

  it('must fit both the trust domain and the subjects where both are given', () => {
    const accepts = (uriSan: string) => authenticateCertificate({ uriSan }, [['build', build]]).kind
    expect(accepts('spiffe://corp.example/ns/build/sa/ci')).toBe('principal')
    expect(accepts('spiffe://corp.example/ns/prod/sa/ci')).toBe('rejected')
  })

  it('is the first identity that fits', () => {
    const certificate = { uriSan: 'spiffe://corp.example/ns/build/sa/ci' }
    const both = [
      ['build', build],
      ['mesh', mesh],
    ] as const
    expect(principalOf(authenticateCertificate(certificate, both)).issuer).toBe('build')
    expect(principalOf(authenticateCertificate(certificate, [...both].reverse())).issuer).toBe('mesh')
  })

  it('without any name, or with control characters in it, is nobody', () => {
    const anybody: CertificateIdentityConfig = { kind: 'workload', subjects: ['*'], groups: ['g'] }
    for (const certificate of [
      {},
      { subject: '' },
      { subject: 'CN=a\nCN=b' },
      { uriSan: 'x'.repeat(5000) },
    ]) {
      expect(authenticateCertificate(certificate, [['any', anybody]]).kind).toBe('rejected')
    }
  })

  it('is refused with its name, made safe and short', () => {
    const { message } = refusalOf(authenticateCertificate({ subject: `CN=\u001b[2J${'x'.repeat(500)}` }, []))
    expect(message).toContain('CN=?[2J')
    expect(message.length).toBeLessThan(200)
  })
})
