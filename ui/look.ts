/**
 * What the terminal can show: glyphs by its locale, colours by NO_COLOR (no-color.org), both read once at the start.
 * Invariant: every glyph is one cell wide, in both sets, so nothing moves when the set changes.
 */

export interface Look {
  readonly unicode: boolean
  readonly colour: boolean
  /** The background is known to be light or dark (COLORFGBG); else colours that are readable on both are used. */
  readonly background: 'light' | 'dark' | 'unknown'
  readonly glyphs: Glyphs
}

export interface Glyphs {
  readonly up: string
  /** An anchor that is up. */
  readonly anchor: string
  readonly busy: string
  readonly down: string
  readonly bad: string
  readonly good: string
  readonly self: string
  /** Place of a name on the ring. */
  readonly key: string
  readonly before: string
  readonly after: string
  readonly incoming: string
  readonly outgoing: string
  readonly more: string
  readonly prompt: string
  readonly dot: string
  readonly fork: string
  readonly have: string
  readonly lack: string
  readonly coming: string
  /** Some of several, from few to nearly all. */
  readonly partial: readonly string[]
  /** Stands for a character that cannot be shown safely. */
  readonly unknown: string
  /** From empty to full. */
  readonly bar: readonly string[]
  readonly frame: Frame
}

export interface Frame {
  readonly topLeft: string
  readonly topRight: string
  readonly bottomLeft: string
  readonly bottomRight: string
  readonly horizontal: string
  readonly vertical: string
}

const UNICODE: Glyphs = {
  up: '●',
  anchor: '◉',
  busy: '◐',
  down: '○',
  bad: '✗',
  good: '✓',
  self: '◆',
  key: '×',
  before: '←',
  after: '→',
  incoming: '↓',
  outgoing: '↑',
  more: '…',
  prompt: '❯',
  dot: '·',
  fork: '├',
  have: '▓',
  lack: '░',
  coming: '▒',
  partial: ['▂', '▄', '▆'],
  unknown: '▯',
  bar: [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'],
  frame: { topLeft: '╭', topRight: '╮', bottomLeft: '╰', bottomRight: '╯', horizontal: '─', vertical: '│' },
}

const ASCII: Glyphs = {
  up: '*',
  anchor: 'A',
  busy: '%',
  down: 'o',
  bad: '!',
  good: '+',
  self: '@',
  key: 'x',
  before: '<',
  after: '>',
  incoming: 'v',
  outgoing: '^',
  more: '~',
  prompt: '>',
  dot: '-',
  fork: '|',
  have: '#',
  lack: '.',
  coming: 'x',
  partial: ['-', '=', '+'],
  unknown: '?',
  bar: ['.', '.', '.', '.', '#', '#', '#', '#', '#'],
  frame: { topLeft: '+', topRight: '+', bottomLeft: '+', bottomRight: '+', horizontal: '-', vertical: '|' },
}

/** What stands for a glyph of ours where only ASCII can be shown. */
const IN_ASCII: ReadonlyMap<string, string> = new Map(pairs())

function* pairs(): Iterable<[string, string]> {
  const { partial, bar, frame, ...single } = UNICODE
  for (const [name, glyph] of Object.entries(single)) yield [glyph, ASCII[name as keyof typeof single]]
  for (const name of ['partial', 'bar'] as const)
    for (const [place, glyph] of UNICODE[name].entries()) yield [glyph, ASCII[name][place] ?? ASCII.unknown]
  for (const [name, glyph] of Object.entries(frame)) yield [glyph, ASCII.frame[name as keyof Frame]]
}

/** For text that was made where nobody knew the terminal; undefined: no glyph of ours. */
export const asciiOf = (glyph: string): string | undefined => IN_ASCII.get(glyph)

/** A text of ours for such a terminal; what is no glyph of ours stays. */
export const inAscii = (text: string): string => text.replace(/[^ -~]/gu, (one) => IN_ASCII.get(one) ?? one)

/** Reads NO_COLOR, COLORFGBG and the locale (LC_ALL before LC_CTYPE before LANG, as POSIX has it). */
export function lookOf(env: NodeJS.ProcessEnv): Look {
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || ''
  const unicode = /utf-?8/i.test(locale)
  return {
    unicode,
    colour: (env.NO_COLOR ?? '') === '',
    background: backgroundOf(env.COLORFGBG),
    glyphs: unicode ? UNICODE : ASCII,
  }
}

/** COLORFGBG is `fg;bg` or `fg;default;bg`; 0-6 and 8 are the dark ones of the sixteen. */
function backgroundOf(value: string | undefined): Look['background'] {
  const last = /;(\d+)$/.exec(value ?? '')?.[1]
  if (last === undefined) return 'unknown'
  const colour = Number(last)
  return colour <= 6 || colour === 8 ? 'dark' : 'light'
}
