/**
 * A line of the screen as spans of text with a meaning; colours come last, when a line is painted.
 * Invariant: `paint` is the only way to the screen. It cleans every text, and its result is exactly as wide as asked for,
 * so no name can move a border or reach the terminal as an escape sequence.
 */
import type { Look } from '../look.js'
import { clean, clip, take, widthOf } from './cells.js'

export type Style = 'plain' | 'dim' | 'bold' | 'accent' | 'good' | 'busy' | 'bad' | 'cursor' | 'in' | 'out' | 'picture'

export interface Styled {
  readonly text: string
  readonly style: Style
}
export type Span = string | Styled
export type Line = readonly Span[]

const ESCAPE = '\u001b['
const RESET = `${ESCAPE}0m`

export const styled = (style: Style, text: string): Styled => ({ text, style })

/** Exactly `width` cells with SGR codes; `reverse` marks the line under the cursor. */
export function paint(line: Line, width: number, look: Look, reverse = false): string {
  return cut(line, width, look)
    .map((span) =>
      typeof span === 'string' ? dress(span, 'plain', look, reverse) : dress(span.text, span.style, look, reverse),
    )
    .join('')
}

/** What a line says, without its colours. */
export function plainText(line: Line, look: Look): string {
  return line.map((span) => clean(typeof span === 'string' ? span : span.text, look)).join('')
}

export function lineWidth(line: Line, look: Look): number {
  return line.reduce((sum, span) => sum + widthOf(clean(typeof span === 'string' ? span : span.text, look)), 0)
}

/** `left` and `right` at the two ends of `width` cells; where both do not fit, `left` gives way down to nothing. */
export function spread(left: Line, right: Line, width: number, look: Look): Line {
  const rightWidth = Math.min(width, lineWidth(right, look))
  return [...cut(left, width - rightWidth, look), ...cut(right, rightWidth, look)]
}

/** Exactly `width` cells of cleaned text: cut with an ellipsis or filled with blanks. */
export function cut(line: Line, width: number, look: Look): Line {
  const out: Span[] = []
  let room = Math.max(0, width)
  for (const span of line) {
    const text = clean(typeof span === 'string' ? span : span.text, look)
    const shown = clip(text, room, look.glyphs.more)
    if (shown !== '') out.push(typeof span === 'string' ? shown : { ...span, text: shown })
    room -= widthOf(shown)
    if (shown !== text) break
  }
  if (room > 0) out.push(' '.repeat(room))
  return out
}

/** One text as a column of exactly `width` cells. */
export function column(text: string, width: number, look: Look, align: 'left' | 'right' = 'left'): string {
  const shown = clip(clean(text, look), width, look.glyphs.more)
  const blanks = ' '.repeat(Math.max(0, width - widthOf(shown)))
  return align === 'left' ? shown + blanks : blanks + shown
}

/** Breaks a text into lines of at most `width` cells, at blanks where there are some. */
export function wrap(text: string, width: number, look: Look): string[] {
  const lines: string[] = []
  let rest = clean(text, look)
  while (widthOf(rest) > width) {
    const head = take(rest, width)
    if (head === '') return lines
    const blank = rest[head.length] === ' ' ? head.length : head.lastIndexOf(' ')
    const end = blank > head.length / 3 ? blank : head.length
    lines.push(rest.slice(0, end))
    rest = rest.slice(end).replace(/^ /, '')
  }
  lines.push(rest)
  return lines
}

/** On the line under the cursor, which is swapped, nothing is dim: that is what a terminal would make hard to read. */
function dress(text: string, style: Style, look: Look, reverse: boolean): string {
  const own = sgrOf(style, look)
  const codes = reverse ? [...own.filter((code) => code !== DIM && code !== REVERSE), REVERSE] : own
  return codes.length === 0 ? text : `${ESCAPE}${codes.join(';')}m${text}${RESET}`
}

const DIM = 2
const REVERSE = 7

/** The SGR parameters that a style is painted with. */
export const sgrOf = (style: Style, look: Look): readonly number[] =>
  look.colour ? COLOURS[look.background][style] : ATTRIBUTES[style]

/** SGR codes of what is not a colour: all that NO_COLOR leaves. */
const ATTRIBUTES: Readonly<Record<Style, readonly number[]>> = {
  plain: [],
  dim: [2],
  bold: [1],
  accent: [1],
  good: [],
  busy: [],
  bad: [1],
  cursor: [7],
  in: [],
  out: [],
  picture: [],
}

/** What has the same code on every background. */
const ANYWHERE = { plain: [], dim: [2], bold: [1], cursor: [7], picture: [97, 40] }

/**
 * Only the terminal's own sixteen, and of those the ones that can be read on that background in the palettes people have:
 * on white neither yellow nor cyan nor green can, on black blue cannot. Where the background is not known, green is kept
 * for marks whose shape says the same; magenta and red are readable on both.
 */
const COLOURS: Readonly<Record<Look['background'], Readonly<Record<Style, readonly number[]>>>> = {
  dark: { ...ANYWHERE, accent: [36], good: [32], busy: [33], bad: [91], in: [32], out: [36] },
  light: { ...ANYWHERE, accent: [34], good: [34], busy: [1], bad: [31], in: [34], out: [35] },
  unknown: { ...ANYWHERE, accent: [35], good: [32], busy: [1], bad: [31], in: [32], out: [35] },
}
