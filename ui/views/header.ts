/** Who am I, who is here, is everything in step, what moves: one line, always. */
import type { Snapshot } from '../../src/api.js'
import type { Model } from '../state.js'
import { type Line, lineWidth, paint, type Span, spread, styled } from '../text/line.js'
import { hashRate, plural, rate, shortId } from '../text/units.js'
import { folderWord } from './folder.js'

export function headerLine(model: Model, width: number): string {
  const { snapshot, look } = model
  if (snapshot === null)
    return paint([styled('bold', ' p2p-tui'), '  ', styled('busy', `starting${look.glyphs.more}`)], width, look)
  const { status } = snapshot
  const left: Span[] = [
    ' ',
    styled('bold', status.name),
    ' ',
    styled('dim', shortId(status.id, look)),
    '  ',
    status.network,
  ]
  if (status.role !== 'peer') left.push('  ', styled('accent', status.role))
  const right: Span[] = []
  // the most asked-for first: what does not fit beside the name is left out
  for (const part of rightParts(snapshot, model)) {
    const longer: Line = [...right, '  ', ...part]
    if (lineWidth(longer, look) + Math.min(Math.floor(width / 2), lineWidth(left, look)) > width - 1) break
    right.push('  ', ...part)
  }
  return paint(spread(left, [...right, ' '], width, look), width, look)
}

function rightParts({ status, mining, rates, folder }: Snapshot, { look }: Model): readonly Line[] {
  const { glyphs } = look
  const parts: Line[] = [[plural(status.peers, 'peer')]]
  const offset = Math.abs(status.clockOffsetMs)
  if (offset > 20_000) parts.push([styled('bad', `clock ${Math.round(offset / 1000)} s off`)])
  const asks = folderWord(folder)
  if (asks.length > 0) parts.push(asks)
  if (mining.syncing !== null) parts.push([styled('busy', `syncing ${mining.syncing.done}/${mining.syncing.total}`)])
  parts.push(
    [styled('in', glyphs.incoming), ' ', rate(rates.down)],
    [styled('out', glyphs.outgoing), ' ', rate(rates.up)],
  )
  if (mining.active) parts.push([styled('busy', glyphs.busy), ' ', hashRate(mining.hashRate)])
  parts.push([`#${status.height}`])
  return parts
}
