// Effects of statements whose literals are nothing but values: those that have a shape, and a fingerprint of their own.
import type { AccessEffect } from './facts.ts'

export const HAVE_SHAPES: ReadonlySet<AccessEffect> = new Set<AccessEffect>([
  'read',
  'insert',
  'update',
  'delete',
  'lock',
  'session',
])
