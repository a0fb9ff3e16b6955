// References of the store, and which of its keys go together.
import type { ReferenceCheck } from './reference-check.ts'
import type { Config } from './schema.ts'

type Redis = Extract<Config['store'], { kind: 'redis' }>

export function checkStore({ config, report, needs }: ReferenceCheck): void {
  const { store } = config
  if (store.kind !== 'redis') return
  needs(['store', 'password'], 'secrets', store.password)
  needs(['store', 'sentinel', 'password'], 'secrets', store.sentinel?.password)
  needs(['store', 'tls', 'certificate'], 'certificates', store.tls?.certificate)
  const ways = [store.url, store.sentinel, store.cluster].filter((way) => way !== undefined)
  if (ways.length !== 1) {
    report(['store'], 'needs one of `url`, `sentinel` and `cluster`', 'say where Redis is, in one way')
  }
  if (store.url !== undefined) checkUrl(new URL(store.url), store, report)
  if (store.cluster !== undefined && store.replicas !== undefined) {
    report(['store', 'replicas'], 'cannot be waited for in a cluster', 'leave it out (docs/redis.md)')
  }
}

function checkUrl(url: URL, { tls, username }: Redis, report: ReferenceCheck['report']): void {
  const at = ['store', 'url']
  if (url.password !== '') {
    report(at, 'a password does not belong in the configuration', 'use `store.password`')
  }
  if (url.username !== '' && username !== undefined) report(at, 'names another user than `store.username`')
  if (tls !== undefined && url.protocol === 'redis:') {
    report(['store', 'tls'], 'has no effect on redis://', 'use rediss://')
  }
}
