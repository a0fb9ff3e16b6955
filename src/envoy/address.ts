// Where the processor listens: a unix socket, or TCP.

import { chmodSync, lstatSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import { isLoopback, splitHostPort } from '../config/address.ts'
import { makeDirectory } from '../config/directory.ts'
import { reasonOf } from '../core/errors.ts'

export type ProcessorAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }

export function processorAddress(address: string): ProcessorAddress {
  if (address.startsWith('unix:')) return { kind: 'unix', path: address.slice('unix:'.length) }
  return { kind: 'tcp', ...splitHostPort(address) }
}

/** Whoever reaches the processor gets every credential: plain TCP stays on this machine. @throws otherwise */
export function refusePlainTcp(address: ProcessorAddress, tls: boolean): void {
  if (address.kind === 'tcp' && !tls && !isLoopback(address.host)) {
    throw new Error('processor.address: TCP beyond loopback needs processor.tls')
  }
}

/**
 * Makes the socket's directory, for its owner only where it is new, and removes a socket that nobody answers.
 * @throws when there can be no such directory, another process answers on it, or something else than a socket has its name
 */
export async function prepareSocket(path: string): Promise<void> {
  makeSocketDirectory(dirname(path))
  const there = lstatSync(path, { throwIfNoEntry: false })
  if (there === undefined) return
  if (!there.isSocket()) throw new Error(`processor.address: ${path} exists and is not a socket`)
  if (await answers(path)) throw new Error(`processor.address: another process serves ${path}`)
  rmSync(path, { force: true })
}

function makeSocketDirectory(path: string): void {
  try {
    makeDirectory(path, 0o750)
  } catch (error) {
    throw new Error(`processor.address: ${reasonOf(error)}`, {
      cause: error,
    })
  }
}

/** Envoy usually runs as another user of the same group. */
export function restrictSocket(path: string): void {
  chmodSync(path, 0o660)
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    const done = (answered: boolean) => {
      socket.destroy()
      resolve(answered)
    }
    socket.once('connect', () => done(true))
    socket.once('error', () => done(false))
  })
}
