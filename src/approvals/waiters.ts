// Who waits for which request in this process, and how they are woken.

interface Waiter {
  readonly wake: () => void
  readonly fail: (reason: unknown) => void
}

export interface Waiters {
  /** Resolves at the next `wake` of this id, or after `timeout` milliseconds; rejects on abort and on `close`. */
  next(id: string, signal: AbortSignal, timeout?: number): Promise<void>
  wake(id: string): void
  wakeAll(): void
  /** ids for which somebody waits */
  ids(): readonly string[]
  /** Rejects everybody with this reason, now and from now on. */
  close(reason: Error): void
}

type Waiting = Map<string, Set<Waiter>>

function add(waiting: Waiting, id: string, waiter: Waiter): void {
  const others = waiting.get(id)
  if (others === undefined) waiting.set(id, new Set([waiter]))
  else others.add(waiter)
}

function remove(waiting: Waiting, id: string, waiter: Waiter): void {
  const others = waiting.get(id)
  others?.delete(waiter)
  if (others?.size === 0) waiting.delete(id)
}

function wait(waiting: Waiting, id: string, signal: AbortSignal, timeout?: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined
    const settle = (finish: () => void) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
      remove(waiting, id, waiter)
      finish()
    }
    const waiter: Waiter = {
      wake: () => settle(resolve),
      fail: (reason) => settle(() => reject(reason)),
    }
    const abort = () => waiter.fail(signal.reason)
    if (timeout !== undefined) timer = setTimeout(waiter.wake, timeout).unref()
    signal.addEventListener('abort', abort)
    add(waiting, id, waiter)
  })
}

export function createWaiters(): Waiters {
  const waiting: Waiting = new Map()
  let closed: Error | undefined
  const wake = (id: string) => {
    for (const waiter of [...(waiting.get(id) ?? [])]) waiter.wake()
  }
  return {
    next: async (id, signal, timeout) => {
      signal.throwIfAborted()
      if (closed !== undefined) throw closed
      await wait(waiting, id, signal, timeout)
    },
    wake,
    wakeAll: () => [...waiting.keys()].forEach(wake),
    ids: () => [...waiting.keys()],
    close: (reason) => {
      closed = reason
      for (const waiter of [...waiting.values()].flatMap((set) => [...set])) waiter.fail(reason)
    },
  }
}
