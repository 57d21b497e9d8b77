/** Places on the ring as parts of the circle, and how people read them. 48 bits of an id are enough to show. */

const BITS_SHOWN = 48
/** Smaller parts than this are told as a power of two. */
const SMALLEST_PERCENT = 0.01

/** Where an id stands, in turns. */
export const placeOf = (id: string): number => Number.parseInt(id.slice(0, BITS_SHOWN / 4), 16) / 2 ** BITS_SHOWN || 0

/** The way from one id to another in the direction of the ring, in turns. */
export function clockwise(from: string, to: string): number {
  const turns = placeOf(to) - placeOf(from)
  return turns < 0 ? turns + 1 : turns
}

/** `12.5 %`, `0.70 %`, ` 2^-14`: 6 cells. */
export function partOfCircle(turns: number): string {
  const percent = turns * 100
  if (percent >= 9.995) return `${Math.min(99.9, percent).toFixed(1)} %`
  if (percent >= SMALLEST_PERCENT || turns === 0) return `${percent.toFixed(2)} %`
  return `2^${Math.round(Math.log2(turns))}`.padStart(6)
}
