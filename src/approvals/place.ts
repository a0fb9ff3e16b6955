// Where a list was left off, so that it goes on there whatever was asked or decided meanwhile.

/** After this request, in the order of the list. */
export interface Place {
  readonly id: string
  /** tells the place when the request is no longer kept */
  readonly createdAt: number
}

export interface Order {
  /** absent: newest first */
  readonly oldestFirst?: boolean
  /** what comes after this place in that order */
  readonly after?: Place
}

export interface Ordered {
  readonly ids: readonly string[]
  /** Is a request of this time beyond the place? Only where the ids themselves do not tell. */
  isBeyond(createdAt: number): boolean
}

export const placeText = ({ id, createdAt }: Place) => `${createdAt}.${id}`

/** Undefined for a text that is no place. */
export function placeFrom(text: string): Place | undefined {
  const [, createdAt, id] = /^(\d{1,15})\.([a-z2-7]{26})$/.exec(text) ?? []
  return id === undefined ? undefined : { id, createdAt: Number(createdAt) }
}

/** @param newestFirst ids of all that is kept */
export function inOrder(newestFirst: readonly string[], { oldestFirst = false, after }: Order): Ordered {
  const ids = oldestFirst ? [...newestFirst].reverse() : newestFirst
  if (after === undefined) return { ids, isBeyond: () => true }
  const at = ids.indexOf(after.id)
  if (at !== -1) return { ids: ids.slice(at + 1), isBeyond: () => true }
  // Of what was asked in the same millisecond the order is not known any more: rather twice than not at all.
  const isBeyond = oldestFirst
    ? (createdAt: number) => createdAt >= after.createdAt
    : (createdAt: number) => createdAt <= after.createdAt
  return { ids, isBeyond }
}
