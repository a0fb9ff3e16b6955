// Certificates with their keys, from files that may be replaced while Chaperone runs.
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Config } from '../config/schema.ts'
import type { Log } from '../telemetry/log.ts'

export interface CertificatePair {
  /** PEM, leaf first */
  readonly chain: Buffer
  /** PEM */
  readonly key: Buffer
}

export interface CertificateFiles {
  get(name: string): CertificatePair | undefined
  /** Calls back with the name of a pair that changed. Returns how to stop it. */
  onChange(listener: (name: string) => void): () => void
  stop(): void
}

/**
 * How often files are read again, in milliseconds. Reading beats watching: Kubernetes swaps a symbolic link two levels up,
 * and network file systems send no events.
 */
const REREAD_EVERY = 2_000

/** @throws when a file cannot be read, or a key does not belong to its certificate */
export async function openCertificates(
  configured: Config['certificates'],
  log: Log,
  rereadEvery: number = REREAD_EVERY,
): Promise<CertificateFiles> {
  const pairs = new Map<string, CertificatePair>()
  const listeners = new Set<(name: string) => void>()
  for (const [name, files] of Object.entries(configured)) pairs.set(name, await readPair(name, files))

  const reread = async (name: string, files: Config['certificates'][string]) => {
    try {
      const pair = await readPair(name, files)
      const old = pairs.get(name)
      if (old?.chain.equals(pair.chain) && old.key.equals(pair.key)) return
      pairs.set(name, pair)
      log.info({ certificate: name }, 'certificate changed')
      for (const listener of listeners) listener(name)
    } catch (err) {
      // In the middle of a replacement the key and the certificate differ: the old pair stays until they agree.
      log.warn({ certificate: name, err }, 'certificate not taken up')
    }
  }
  let running = false
  const rereadAll = async () => {
    if (running) return
    running = true
    for (const [name, files] of Object.entries(configured)) await reread(name, files)
    running = false
  }
  const timer = setInterval(() => void rereadAll(), rereadEvery)
  timer.unref()

  return {
    get: (name) => pairs.get(name),
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    stop: () => clearInterval(timer),
  }
}

async function readPair(name: string, files: Config['certificates'][string]): Promise<CertificatePair> {
  const [chain, key] = await Promise.all([readFile(files.certificate), readFile(files.key)])
  if (!new X509Certificate(chain).checkPrivateKey(createPrivateKey(key))) {
    throw new Error(`certificate ${name}: the key does not belong to the certificate`)
  }
  return { chain, key }
}
