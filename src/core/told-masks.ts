// Which masked columns an operation may touch, as its asker would see them: for those who decide on it.

export interface MaskedColumns {
  /** name of the mask in the configuration */
  readonly mask: string
  /** `schema.relation.column`, as the mask names them */
  readonly columns: readonly string[]
}

/** A masked value that would be stored where its mask may not reach. */
export interface CopiedColumn {
  /** name of the mask in the configuration */
  readonly mask: string
  /** `relation.column`, as the statement names it; `*` for any column */
  readonly from: string
  /** the same of where it would be stored */
  readonly to: string
}

export const describeCopy = ({ mask, from, to }: CopiedColumn): string =>
  `${from} to ${to}, out of the mask ${mask}`

export interface ToldMasks {
  /** of the masks that the asker is not excepted from. Absent when there are none */
  readonly masked?: readonly MaskedColumns[]
  /** how many more columns there are */
  readonly moreMasked?: number
  /** absent when there are none */
  readonly copied?: readonly CopiedColumn[]
  /** how many more there are */
  readonly moreCopied?: number
}

/** These members of something that has others. */
export function toldMasks({ masked, moreMasked, copied, moreCopied }: ToldMasks): ToldMasks {
  return {
    ...(masked === undefined ? {} : { masked }),
    ...(moreMasked === undefined ? {} : { moreMasked }),
    ...(copied === undefined ? {} : { copied }),
    ...(moreCopied === undefined ? {} : { moreCopied }),
  }
}
