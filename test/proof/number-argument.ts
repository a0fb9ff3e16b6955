// The numbers that a proof is started with.

/**
 * @param position of the argument, from 0 on
 * @param absent what counts when it is not there
 * Ends the process with status 2 when it is there and no number: a proof of nothing would say that it holds.
 */
export function numberArgument(position: number, name: string, absent: number): number {
  const argument = process.argv[2 + position]
  if (argument === undefined) return absent
  const value = Number(argument)
  if (Number.isFinite(value) && value >= 0) return value
  process.stderr.write(`${name} has to be a number, and is ${JSON.stringify(argument)}: see docs/proof.md\n`)
  process.exit(2)
}
