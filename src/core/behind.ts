// What an operation does to relations that it does not name, as the catalog tells: for those who decide on it.
import type { Access } from './facts.ts'

export interface ToldBehind {
  /** to tables of views, children, and rows that foreign keys refer from; each says where it hides. Absent when there are none */
  readonly behind?: readonly Access[]
  /** how many more there are */
  readonly moreBehind?: number
}

/** These members of something that has others. */
export function toldBehind({ behind, moreBehind }: ToldBehind): ToldBehind {
  return {
    ...(behind === undefined ? {} : { behind }),
    ...(moreBehind === undefined ? {} : { moreBehind }),
  }
}
