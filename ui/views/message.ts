/** The last message: it stays until the next one, and shows how far a running command is. */
import type { Progress } from '../../src/api.js'
import type { Look } from '../look.js'
import type { Pace } from '../pace.js'
import type { Message, Model } from '../state.js'
import { clean, clip, widthOf } from '../text/cells.js'
import { type Line, lineWidth, paint, type Span, styled, wrap } from '../text/line.js'
import { bar, compact, duration, hashRate, percent, rate, size } from '../text/units.js'

const BAR_WIDTH = 16
/** So much of the text of a running command stays, whatever stands behind it. */
const LEAST_TEXT = 12
/** Beyond that a time left is a guess. */
const LONGEST_SECONDS = 10 * 3600

/** How many lines the message would like. */
export function messageHeight({ ui, look, size: screen }: Model): number {
  if (ui.message === null || ui.message.progress !== null) return 1
  return wrap(ui.message.text, Math.max(1, screen.columns - 4), look).length
}

export function messageLines(model: Model, width: number, height: number): readonly string[] {
  const { ui, look } = model
  const { message } = ui
  if (message !== null && message.progress !== null && height > 0) {
    const line = paint([' ', messageMark(message, look), ' ', ...runningLine(message, model, width - 4)], width, look)
    return [line, ...Array<string>(height - 1).fill(' '.repeat(width))]
  }
  const texts = message === null ? [] : wrap(message.text, Math.max(1, width - 4), look)
  const lines: string[] = []
  for (let row = 0; row < height; row++) {
    const text = texts[row] ?? ''
    const rest = row === height - 1 && texts.length > height ? look.glyphs.more : ''
    const head: Line = message !== null && row === 0 ? [' ', messageMark(message, look), ' '] : ['   ']
    lines.push(paint([...head, styled(message?.level === 'bad' ? 'bad' : 'plain', text), rest], width, look))
  }
  return lines
}

interface Part {
  readonly line: Line
  /** What is asked for first has the lowest, and stays where there is little room. */
  readonly rank: number
}

/** One line, whatever the width. */
function runningLine({ text, progress, pace }: Message, { ui, look }: Model, width: number): Line {
  const others: readonly Part[] = ui.jobs > 1 ? [{ line: [`(+${ui.jobs - 1} more)`], rank: 1 }] : []
  const cancel: Part = { line: [styled('dim', '(x cancels)')], rank: 5 }
  const parts = [...(progress === null ? [] : progressParts(progress, pace, look)), ...others, cancel]
  let room = width - Math.min(LEAST_TEXT, widthOf(clean(text, look)))
  const kept = new Set<Part>()
  for (const part of [...parts].sort((a, b) => a.rank - b.rank)) {
    room -= lineWidth(part.line, look) + 2
    if (room < 0) break
    kept.add(part)
  }
  const tail = parts.filter((part) => kept.has(part)).flatMap(({ line }): Span[] => ['  ', ...line])
  return [clip(clean(text, look), Math.max(0, width - lineWidth(tail, look)), look.glyphs.more), ...tail]
}

function progressParts({ done, total, unit }: Progress, pace: Pace | undefined, look: Look): readonly Part[] {
  const of = (value: number): string => (unit === 'bytes' ? size(value) : counted(value))
  const named = unit === 'bytes' || unit === '' ? '' : ` ${unit}`
  const speed = speedText(pace?.perSecond ?? 0, unit)
  const speeds: readonly Part[] = speed === '' ? [] : [{ line: [speed], rank: 3 }]
  if (total <= 0) {
    const seconds = pace?.seconds ?? 0
    return [
      ...(done > 0 ? [{ line: [`${of(done)}${named}`], rank: 0 }] : []),
      ...speeds,
      ...(seconds >= 1 ? [{ line: [duration(seconds)], rank: 2 }] : []),
    ]
  }
  const whole = of(total).trim()
  const amount = `${of(done).padStart(unit === 'bytes' ? 6 : whole.length)}/${whole}${named}`
  // the next hash is as likely as the last: of mining nobody knows how long it takes
  const left = unit === 'hashes' || speed === '' ? Number.POSITIVE_INFINITY : (total - done) / (pace?.perSecond ?? 0)
  return [
    { line: [styled('good', bar(done / total, BAR_WIDTH, look)), percent(done, total)], rank: 0 },
    { line: [amount], rank: 2 },
    ...speeds,
    ...(left <= LONGEST_SECONDS ? [{ line: [`${duration(left)} left`], rank: 4 }] : []),
  ]
}

function speedText(perSecond: number, unit: Progress['unit']): string {
  if (perSecond <= 0) return ''
  if (unit === 'bytes') return rate(perSecond)
  if (unit === 'hashes') return hashRate(perSecond)
  return unit === '' ? '' : `${counted(perSecond)} ${unit}/s`
}

/** Chunks are counted out, hashes come in millions. */
const counted = (value: number): string => (value < 100_000 ? String(Math.round(value)) : compact(value).trim())

function messageMark({ level }: Message, { glyphs }: Look): Span {
  if (level === 'good') return styled('good', glyphs.good)
  if (level === 'bad') return styled('bad', glyphs.bad)
  return level === 'busy' ? styled('busy', glyphs.busy) : styled('dim', glyphs.dot)
}
