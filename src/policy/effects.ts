// What effects are on: relations, other objects, or either.
import type { AccessEffect } from '../core/facts.ts'

const ON: Readonly<Record<AccessEffect, 'relations' | 'objects' | 'either'>> = {
  read: 'relations',
  insert: 'relations',
  update: 'relations',
  delete: 'relations',
  truncate: 'relations',
  create: 'either',
  alter: 'either',
  drop: 'either',
  grant: 'either',
  maintenance: 'either',
  lock: 'either',
  role: 'objects',
  setting: 'objects',
  listen: 'objects',
  notify: 'objects',
  call: 'objects',
  do: 'objects',
  'server-file': 'objects',
  'server-program': 'objects',
  'large-object': 'objects',
  remote: 'objects',
  'backend-signal': 'objects',
  session: 'objects',
  unknown: 'objects',
}

export const EFFECTS = Object.keys(ON) as readonly AccessEffect[]
export const onRelations = (effect: AccessEffect): boolean => ON[effect] !== 'objects'
export const onObjects = (effect: AccessEffect): boolean => ON[effect] !== 'relations'
