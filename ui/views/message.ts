/** The last message: it stays until the next one, and shows how far a running command is. */
import type { Look } from '../look.js'
import type { Message, Model } from '../state.js'
import { type Line, paint, type Span, styled, wrap } from '../text/line.js'
import { compact, percent, size } from '../text/units.js'

/** How many lines the message would like. */
export function messageHeight({ ui, look, size: screen }: Model): number {
  return ui.message === null ? 1 : wrap(messageText(ui.message), Math.max(1, screen.columns - 4), look).length
}

export function messageLines({ ui, look }: Model, width: number, height: number): readonly string[] {
  const { message } = ui
  const texts = message === null ? [] : wrap(messageText(message), Math.max(1, width - 4), look)
  const lines: string[] = []
  for (let row = 0; row < height; row++) {
    const text = texts[row] ?? ''
    const rest = row === height - 1 && texts.length > height ? look.glyphs.more : ''
    const head: Line = message !== null && row === 0 ? [' ', messageMark(message, look), ' '] : ['   ']
    lines.push(paint([...head, styled(message?.level === 'bad' ? 'bad' : 'plain', text), rest], width, look))
  }
  return lines
}

function messageText({ text, progress }: Message): string {
  if (progress === null) return text
  const { done, total, unit } = progress
  const of = (value: number) => (unit === 'bytes' ? size(value).trim() : counted(value))
  if (total <= 0) return done > 0 ? `${text} ${of(done)} ${unit === 'bytes' ? '' : unit}` : text
  return `${text}  ${percent(done, total).trim()}  ${of(done)}/${of(total)}${unit === 'bytes' ? '' : ` ${unit}`}  (x cancels)`
}

/** Chunks are counted out, hashes come in millions. */
const counted = (value: number): string => (value < 100_000 ? String(Math.round(value)) : compact(value).trim())

function messageMark({ level }: Message, { glyphs }: Look): Span {
  if (level === 'good') return styled('good', glyphs.good)
  if (level === 'bad') return styled('bad', glyphs.bad)
  return level === 'busy' ? styled('busy', glyphs.busy) : styled('dim', glyphs.dot)
}
