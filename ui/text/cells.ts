/**
 * Text that other peers chose, made safe to paint and measured in terminal cells.
 * Invariant: after `clean` every terminal agrees on the width: no control or format characters (bidi overrides and escape
 * sequences among them), no emoji, no character on whose width terminals differ, at most two marks on a base; what is
 * refused becomes one placeholder.
 * Widths after Unicode TR 11.
 */
import { asciiOf, type Look } from '../look.js'

/** One cell a character, certainly: ASCII, Latin, and the glyphs that we draw with. */
const SIMPLE =
  /^[ -~\u00a1-\u00ac\u00ae-\u017f\u2026\u2190-\u2193\u2500-\u259f\u25c6\u25cb\u25cf\u25d0\u276f\u2713\u2717\u2800-\u28ff▯]*$/
const ASCII_ONLY = /^[ -~]*$/
/** Marks that every terminal stacks; others are left out, which keeps the word readable. */
const STACKED = /[\u0300-\u036f]/
const REFUSED = /[\p{C}\p{M}\p{Zl}\p{Zp}\p{Emoji_Presentation}\p{Emoji_Modifier_Base}\p{Default_Ignorable_Code_Point}]/u
const MAX_MARKS = 2
/** In texts that were not cleaned. */
const PICTURE = /\p{Emoji_Presentation}/u
const NO_CELL = /[\p{Mn}\p{Me}\p{Cf}]/u

/** Made when it is wanted: that takes as long as a shell command that needs none. */
let segmenter: Intl.Segmenter | null = null

/** Safe to print, and `widthOf` tells how wide. Blanks of any kind become one space each. */
export function clean(text: string, look: Look): string {
  if (ASCII_ONLY.test(text) || (look.unicode && SIMPLE.test(text))) return text
  let out = ''
  segmenter ??= new Intl.Segmenter(undefined, { granularity: 'grapheme' })
  for (const { segment } of segmenter.segment(text.normalize('NFC'))) out += cleanGrapheme(segment, look)
  return out
}

function cleanGrapheme(grapheme: string, look: Look): string {
  if (ASCII_ONLY.test(grapheme)) return grapheme
  if (/^\s+$/.test(grapheme)) return ' '
  const { unknown } = look.glyphs
  if (!look.unicode) return asciiOf(grapheme) ?? unknown
  const [base = '', ...others] = grapheme
  if (REFUSED.test(base) || isDisputed(base)) return unknown
  // emoji that are text by default turn wide with a variation selector
  if (others.includes('\ufe0f')) return unknown
  const marks = others.filter((other) => STACKED.test(other)).slice(0, MAX_MARKS)
  const rest = others.filter((other) => !REFUSED.test(other))
  return base + marks.join('') + unknown.repeat(rest.length)
}

/** Cells of a cleaned text; of any other, those that most terminals give it. */
export function widthOf(cleaned: string): number {
  if (SIMPLE.test(cleaned)) return cleaned.length
  let width = 0
  for (const character of cleaned) width += widthOfCharacter(character)
  return width
}

/** Whether every UTF-16 unit of a cleaned text is one cell, as those who count units believe. */
export const isNarrow = (cleaned: string): boolean => SIMPLE.test(cleaned)

/** At most `max` cells of a cleaned text, with `more` at the end where something was cut. */
export function clip(cleaned: string, max: number, more: string): string {
  if (max <= 0) return ''
  if (widthOf(cleaned) <= max) return cleaned
  return `${take(cleaned, max - 1)}${more}`
}

/** The longest beginning of a cleaned text that fits, without any sign that it was cut. */
export function take(cleaned: string, max: number): string {
  if (SIMPLE.test(cleaned)) return cleaned.slice(0, Math.max(0, max))
  let width = 0
  let out = ''
  for (const character of cleaned) {
    width += widthOfCharacter(character)
    if (width > max) return out
    out += character
  }
  return out
}

function widthOfCharacter(character: string): 0 | 1 | 2 {
  const code = character.codePointAt(0) ?? 0
  if (code < 0x300) return 1
  if (STACKED.test(character)) return 0
  if (isWide(code) || PICTURE.test(character)) return 2
  return NO_CELL.test(character) ? 0 : 1
}

type Range = readonly [first: number, last: number]

/** East Asian Wide and Fullwidth, without emoji (which `clean` refuses). */
const WIDE: readonly Range[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xa000, 0xa4cf],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x20000, 0x3fffd],
]

/** Their width changed with a version of Unicode, so terminals differ. */
const DISPUTED: readonly Range[] = [
  [0x06de, 0x06de],
  [0x1160, 0x11ff],
  [0x2630, 0x2637],
  [0x268a, 0x268f],
  [0x3248, 0x324f],
  [0x4dc0, 0x4dff],
  [0xa960, 0xa97f],
  [0xfe10, 0xfe19],
]

const within = (ranges: readonly Range[], code: number): boolean =>
  ranges.some(([first, last]) => code >= first && code <= last)

const isWide = (code: number): boolean => within(WIDE, code)

/** Beyond the basic plane only Han is old enough for all terminals. */
function isDisputed(character: string): boolean {
  const code = character.codePointAt(0) ?? 0
  return code > 0xffff ? !isWide(code) : within(DISPUTED, code)
}
