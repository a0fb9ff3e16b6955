/** Lines that a text takes where each has so many characters and goes on in the next. */
export const drawnLines = (text: string, width: number): number =>
  text.split('\n').reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / width)), 0)
