/**
 * The colours of a picture of a terminal: the sixteen on a dark ground, xterm's other 240, and any 24-bit one.
 * Invariant: every text colour but the two blacks, plain or dim, has a contrast of 4.5 or more to the ground (WCAG 2.2, AA).
 */

export type Colour = `#${string}`

export const GROUND: Colour = '#15181e'
export const TEXT: Colour = '#d7dae0'

export const SIXTEEN: readonly Colour[] = [
  '#0b0d11',
  '#ff7b72',
  '#6fd68a',
  '#e6c36a',
  '#79b8ff',
  '#d2a8ff',
  '#62d0dd',
  '#d7dae0',
  '#6e7681',
  '#ffa198',
  '#9be9a8',
  '#f2d98d',
  '#a5d0ff',
  '#e2c5ff',
  '#9be8f0',
  '#ffffff',
]

const CUBE_STEPS = [0, 95, 135, 175, 215, 255]
/** How much of a dim text is its own colour; the rest is the ground. */
const DIM = 0.62

/** A colour of xterm's table of 256. */
export function indexed(index: number): Colour {
  const known = SIXTEEN[index]
  if (known !== undefined) return known
  if (index >= 232) return rgb([8, 8, 8].map((first) => first + (index - 232) * 10))
  const place = index - 16
  return rgb([Math.floor(place / 36), Math.floor(place / 6) % 6, place % 6].map((step) => CUBE_STEPS[step] ?? 0))
}

export const packed = (value: number): Colour => rgb([value >> 16, (value >> 8) & 0xff, value & 0xff])

export function dimmed(colour: Colour, ground: Colour): Colour {
  const below = partsOf(ground)
  return rgb(partsOf(colour).map((part, at) => part * DIM + (below[at] ?? 0) * (1 - DIM)))
}

/** Relative contrast of WCAG 2.2, from 1 to 21. */
export function contrast(one: Colour, other: Colour): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return (light + 0.05) / (dark + 0.05)
}

function luminance(colour: Colour): number {
  const [red = 0, green = 0, blue = 0] = partsOf(colour).map((part) => {
    const share = part / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

const partsOf = (colour: Colour): readonly number[] =>
  [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16))

function rgb(parts: readonly number[]): Colour {
  return `#${parts.map((part) => Math.round(part).toString(16).padStart(2, '0')).join('')}`
}
