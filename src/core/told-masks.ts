// Which masked columns an operation may touch, as its asker would see them: for those who decide on it.

export interface MaskedColumns {
  /** name of the mask in the configuration */
  readonly mask: string
  /** `schema.relation.column`, as the mask names them */
  readonly columns: readonly string[]
}

export interface ToldMasks {
  /** of the masks that the asker is not excepted from. Absent when there are none */
  readonly masked?: readonly MaskedColumns[]
  /** how many more columns there are */
  readonly moreMasked?: number
}

/** These members of something that has others. */
export function toldMasks({ masked, moreMasked }: ToldMasks): ToldMasks {
  return {
    ...(masked === undefined ? {} : { masked }),
    ...(moreMasked === undefined ? {} : { moreMasked }),
  }
}
