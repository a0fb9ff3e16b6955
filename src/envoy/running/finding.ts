// What is not as it was generated, in a sentence.

export interface EnvoyFinding {
  /** `weaker`: something may go past Chaperone, or count as somebody else's; `other`: it is tuned, or something does not work */
  readonly kind: 'weaker' | 'other'
  readonly message: string
}
