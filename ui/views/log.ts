/** The log as lines: time, level (a glyph and a word, so that it reads without colour), text; and its levels and filter. */
import type { LogLine } from '../../src/api.js'
import { LOG_LEVELS, type LogLevel } from '../../src/env.js'
import type { Look } from '../look.js'
import type { LogOverlay, Model, Overlay } from '../state.js'
import { column, type Line, type Style, styled, wrap } from '../text/line.js'

const WORD_WIDTH = 6
/** A narrow screen has the glyph alone. */
const WORDS_FROM = 60

/** Those that are shown, oldest first. */
export function chosenLines(
  overlay: LogOverlay & Pick<Overlay, 'filter'>,
  log: readonly LogLine[],
): readonly LogLine[] {
  const least = LOG_LEVELS.indexOf(overlay.level)
  const wanted = (overlay.filter ?? '').toLowerCase()
  return log.filter(({ level, text }) => LOG_LEVELS.indexOf(level) >= least && text.toLowerCase().includes(wanted))
}

export interface LogPage {
  readonly title: string
  readonly lines: readonly Line[]
  /** How many of them came after the line from which `scroll` counts. */
  readonly later: number
}

export function logPage(overlay: LogOverlay & Pick<Overlay, 'filter'>, { log, look }: Model, width: number): LogPage {
  const chosen = chosenLines(overlay, log)
  const level = overlay.level === 'error' ? 'error' : `${overlay.level} and above`
  const title = `Log  ${level}${overlay.end === null ? '' : ', standing still'}`
  const empty = log.length === 0 ? ' nothing logged yet' : ' nothing of that in the log'
  if (chosen.length === 0) return { title, lines: [[styled('dim', empty)]], later: 0 }
  // a line that has left the log is older than all that are in it
  const end = overlay.end === null ? log.length - 1 : log.lastIndexOf(overlay.end)
  const after = new Set(log.slice(end + 1))
  const lines: Line[] = []
  let later = 0
  for (const line of chosen) {
    const parts = linesOf(line, look, width)
    lines.push(...parts)
    if (after.has(line)) later += parts.length
  }
  return { title, lines, later }
}

function linesOf(line: LogLine, look: Look, width: number): readonly Line[] {
  const word = width >= WORDS_FROM ? ` ${column(line.level, WORD_WIDTH, look)}` : ''
  const style = LEVEL_STYLES[line.level]
  const head: Line = [' ', styled('dim', clock(line.time)), ' ', styled(style, glyphOf(line.level, look) + word), ' ']
  const indent = 12 + word.length
  const quiet = line.level === 'debug' ? 'dim' : 'plain'
  return wrap(line.text, Math.max(1, width - indent), look).map((part, index) => [
    ...(index === 0 ? head : [' '.repeat(indent)]),
    styled(style === 'bad' ? style : quiet, part),
  ])
}

export const LEVEL_STYLES: Readonly<Record<LogLevel, Style>> = {
  debug: 'dim',
  info: 'plain',
  notice: 'good',
  warn: 'busy',
  error: 'bad',
}

function glyphOf(level: LogLevel, { glyphs }: Look): string {
  switch (level) {
    case 'debug':
      return glyphs.dot
    case 'info':
      return glyphs.down
    case 'notice':
      return glyphs.up
    case 'warn':
      return glyphs.busy
    case 'error':
      return glyphs.bad
  }
}

/** `14:03:59`, local time. */
export function clock(timeMs: number): string {
  const time = new Date(timeMs)
  return [time.getHours(), time.getMinutes(), time.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':')
}
