/**
 * Characters that are drawn instead of written: frames, blocks, braille and the round marks. Fonts give them widths and
 * heights of their own, or do not have them; as paths they meet their neighbours exactly, whatever the font.
 * All measures are those of a cell of 8x16.
 */

export const CELL = { width: 8, height: 16 } as const

export type Shape =
  /** From the middle of the cell to these sides. */
  | { readonly kind: 'arms'; readonly arms: string }
  /** A path with a stroke; every command after the first `M` is relative. */
  | { readonly kind: 'stroke' | 'fill'; readonly from: readonly [x: number, y: number]; readonly path: string }
  | {
      readonly kind: 'block'
      readonly x: number
      readonly y: number
      readonly width: number
      readonly height: number
      readonly share: number
    }
  /** Middles of dots. */
  | { readonly kind: 'dots'; readonly dots: readonly (readonly [x: number, y: number])[] }

const ARMS: Readonly<Record<string, string>> = {
  '─': 'lr',
  '│': 'ud',
  '┌': 'rd',
  '┐': 'ld',
  '└': 'ru',
  '┘': 'lu',
  '├': 'rud',
  '┤': 'lud',
  '┬': 'lrd',
  '┴': 'lru',
  '┼': 'lrud',
  '╴': 'l',
  '╵': 'u',
  '╶': 'r',
  '╷': 'd',
}

const CORNERS: Readonly<Record<string, Shape>> = {
  '╭': { kind: 'stroke', from: [4, 16], path: 'v-4q0-4 4-4' },
  '╮': { kind: 'stroke', from: [4, 16], path: 'v-4q0-4-4-4' },
  '╰': { kind: 'stroke', from: [4, 0], path: 'v4q0 4 4 4' },
  '╯': { kind: 'stroke', from: [4, 0], path: 'v4q0 4-4 4' },
}

const CIRCLE = 'a3 3 0 1 0 6 0a3 3 0 1 0-6 0z'
const MARKS: Readonly<Record<string, readonly Shape[]>> = {
  '●': [{ kind: 'fill', from: [1, 8], path: CIRCLE }],
  '○': [{ kind: 'stroke', from: [1, 8], path: CIRCLE }],
  '◐': [
    { kind: 'stroke', from: [1, 8], path: CIRCLE },
    { kind: 'fill', from: [4, 5], path: 'a3 3 0 0 0 0 6z' },
  ],
  '◑': [
    { kind: 'stroke', from: [1, 8], path: CIRCLE },
    { kind: 'fill', from: [4, 5], path: 'a3 3 0 0 1 0 6z' },
  ],
  '◆': [{ kind: 'fill', from: [4, 4], path: 'l4 4l-4 4l-4-4z' }],
  '◇': [{ kind: 'stroke', from: [4, 4], path: 'l4 4l-4 4l-4-4z' }],
}

const SHADES: Readonly<Record<string, number>> = { '░': 0.25, '▒': 0.5, '▓': 0.75 }
const [FULL, BRAILLE] = [0x2588, 0x2800]
/** Bits of a braille cell in the order of Unicode, as columns and rows of dots. */
const DOTS: readonly (readonly [column: number, row: number])[] = [
  [0, 0],
  [0, 1],
  [0, 2],
  [1, 0],
  [1, 1],
  [1, 2],
  [0, 3],
  [1, 3],
]

/** null where a character is left to the font. */
export function shapesOf(text: string): readonly Shape[] | null {
  const arms = ARMS[text]
  if (arms !== undefined) return [{ kind: 'arms', arms }]
  const corner = CORNERS[text]
  if (corner !== undefined) return [corner]
  const block = blockOf(text)
  return block === null ? (MARKS[text] ?? brailleOf(text)) : [block]
}

function blockOf(text: string): Shape | null {
  const { width, height } = CELL
  const whole = { kind: 'block', x: 0, y: 0, width, height, share: 1 } as const
  const share = SHADES[text]
  if (share !== undefined) return { ...whole, share }
  if (text === '▀') return { ...whole, height: height / 2 }
  if (text === '▐') return { ...whole, x: width / 2, width: width / 2 }
  const code = text.length === 1 ? text.charCodeAt(0) : 0
  // ▁ to █ grow from below, █ to ▏ shrink to the left, an eighth at a time
  const eighths = code - (FULL - 8)
  if (eighths >= 1 && eighths <= 8) {
    const tall = (height * eighths) / 8
    return { ...whole, y: height - tall, height: tall }
  }
  return eighths > 8 && eighths <= 15 ? { ...whole, width: (width * (16 - eighths)) / 8 } : null
}

function brailleOf(text: string): readonly Shape[] | null {
  const bits = text.length === 1 ? text.charCodeAt(0) - BRAILLE : -1
  if (bits < 0 || bits > 0xff) return null
  const dots = DOTS.filter((_, bit) => bits & (1 << bit))
  return [{ kind: 'dots', dots: dots.map(([column, row]) => [2 + column * 4, 2 + row * 4] as const) }]
}
