// The check digit of card numbers (ISO/IEC 7812-1 annex B).

/** @param digits decimal digits, the check digit last */
export function passesLuhn(digits: string): boolean {
  return sum(digits, false) % 10 === 0
}

/** @returns the digit that makes `digits` pass when it is put behind them */
export function completesLuhn(digits: string): string {
  return String((10 - (sum(digits, true) % 10)) % 10)
}

/** Every second digit from the right counts twice. */
function sum(digits: string, doubled: boolean): number {
  let total = 0
  let twice = doubled
  for (let i = digits.length - 1; i >= 0; i -= 1) {
    const digit = (digits.charCodeAt(i) - 48) * (twice ? 2 : 1)
    total += digit > 9 ? digit - 9 : digit
    twice = !twice
  }
  return total
}
