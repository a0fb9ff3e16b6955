// The side of permits that everybody may see: the type, and using one up.
export { consumePermit, type Permit } from './permit-issuer.ts'
