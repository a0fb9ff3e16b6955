// What the checks of references share.
import type { Path } from './problems.ts'
import type { Config } from './schema.ts'

export type Section =
  | 'issuers'
  | 'certificate_identities'
  | 'secrets'
  | 'certificates'
  | 'resources'
  | 'notifications'

export interface ReferenceCheck {
  readonly config: Config
  report(path: Path, message: string, cure?: string): void
  /** reports a name that the section does not have */
  needs(path: Path, section: Section, name: string | undefined): void
}
