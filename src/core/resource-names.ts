// Which resources something of the configuration is for: a rule, a mask.

/** names, or all of them */
export type ResourceNames = '*' | readonly string[]

export const isForResource = (resources: ResourceNames, name: string): boolean =>
  resources === '*' || resources.includes(name)
