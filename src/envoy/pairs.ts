// The two sidestreams of a connection whose results go past Chaperone: `session` sees the client's bytes, `login` the
// target's until the login is done. They meet by an id that Envoy draws for the connection.

/** What the login's stream tells the session's. */
export interface SessionHalf {
  fromServer(bytes: Uint8Array): void
  serverEnded(): void
  /** the login's filter is out of the way */
  bypassed(): void
  /** the connection cannot go on */
  broken(details: string): void
}

/** What the session's stream asks of the login's. */
export interface LoginHalf {
  bypass(): void
}

export interface Pairs {
  /** False when the id is taken: then nobody could tell whose bytes come under it. */
  open(id: string, session: SessionHalf): boolean
  /** Undefined when no session opened the id, or a login has joined it: a session's bytes always come first. */
  join(id: string, login: LoginHalf): SessionHalf | undefined
  loginOf(id: string): LoginHalf | undefined
  close(id: string): void
}

export function createPairs(): Pairs {
  const pairs = new Map<string, { readonly session: SessionHalf; login?: LoginHalf }>()
  return {
    open(id, session) {
      if (pairs.has(id)) return false
      pairs.set(id, { session })
      return true
    },
    join(id, login) {
      const pair = pairs.get(id)
      if (pair === undefined || pair.login !== undefined) return undefined
      pair.login = login
      return pair.session
    },
    loginOf: (id) => pairs.get(id)?.login,
    close: (id) => void pairs.delete(id),
  }
}
