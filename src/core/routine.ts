// Functions and procedures of the target, as its catalog tells of them.

export interface RoutineFacts {
  /** with its schema and the types of its arguments: `public.purge(integer)` */
  readonly signature: string
  readonly language: string
  readonly volatility: 'immutable' | 'stable' | 'volatile'
  readonly owner: string
  /** it runs with the privileges of its owner */
  readonly securityDefiner: boolean
  /** settings that hold while it runs: `search_path=app` */
  readonly settings: readonly string[]
}

/** One that an operation calls, or that a name in it may mean. */
export interface CalledFunction extends RoutineFacts {
  /** where it hides, when the statement does not show it */
  readonly via?: string
}

/** Functions that an operation may run, as far as the catalog was asked: those that need leave, and those that it names. */
export interface ToldFunctions {
  /** absent when there are none */
  readonly functions?: readonly CalledFunction[]
  /** how many more there are */
  readonly moreFunctions?: number
}

/** These members of something that has others. */
export function toldFunctions({ functions, moreFunctions }: ToldFunctions): ToldFunctions {
  return {
    ...(functions === undefined ? {} : { functions }),
    ...(moreFunctions === undefined ? {} : { moreFunctions }),
  }
}

/** `volatile plpgsql, owner app, SECURITY DEFINER` */
export function describeRoutine({ volatility, language, owner, securityDefiner }: RoutineFacts): string {
  return `${volatility} ${language}, owner ${owner}${securityDefiner ? ', SECURITY DEFINER' : ''}`
}
