/** A named figure of one thing: its name in a column, its value beside it, gone on in the next lines where it is long. */
import type { Look } from '../look.js'
import { column, type Line, styled, wrap } from '../text/line.js'

const NAME_CELLS = 11

export function field(name: string, value: string, look: Look): Line {
  return [' ', styled('dim', column(name, NAME_CELLS, look)), ' ', value]
}

export function fieldLines(name: string, value: string, width: number, look: Look): readonly Line[] {
  const parts = wrap(value, Math.max(8, width - NAME_CELLS - 2), look)
  return parts.map((part, index) => field(index === 0 ? name : '', part, look))
}

/** In one line or in two equal ones. */
export function hashLines(name: string, hash: string, width: number, look: Look): readonly Line[] {
  const whole = NAME_CELLS + 2 + hash.length
  return fieldLines(name, hash, whole <= width ? width : Math.min(width, whole - hash.length / 2), look)
}
