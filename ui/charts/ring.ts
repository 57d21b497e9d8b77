/**
 * The ring as a circle on blessed-contrib's braille canvas: ids are places, clockwise from the top; ourselves, every known
 * peer, and chords to our fingers.
 */
import type { Snapshot } from '../../src/api.js'
import type { Look } from '../look.js'
import type { Line } from '../text/line.js'
import { type Context, type Contrib, read } from './contrib.js'

/** blessed-contrib's canvas is six columns narrower than its widget. */
const MARGIN = 6
const STEPS = 72
const MAX_CHORDS = 16
const SMALLEST = { width: 12, height: 6 }

export function drawRing(
  contrib: Contrib,
  snapshot: Snapshot,
  width: number,
  height: number,
  look: Look,
): readonly Line[] {
  if (width < SMALLEST.width || height < SMALLEST.height) return []
  const widget = contrib.canvas({ width: width + MARGIN, height })
  const { ctx, canvasSize } = widget
  const centre = { x: canvasSize.width / 2, y: canvasSize.height / 2 }
  const radius = Math.min(centre.x, centre.y) - 3
  const at = (turn: number): readonly [number, number] => [
    centre.x + Math.sin(turn * 2 * Math.PI) * radius,
    centre.y - Math.cos(turn * 2 * Math.PI) * radius,
  ]
  const { ring, peers } = snapshot
  const self = at(placeOf(ring.id))
  ctx.strokeStyle = 'blue'
  stroke(
    ctx,
    Array.from({ length: STEPS + 1 }, (_, step) => at(step / STEPS)),
  )
  ctx.strokeStyle = 'magenta'
  for (const finger of ring.fingers.slice(0, MAX_CHORDS)) stroke(ctx, [self, at(placeOf(finger.id))])
  const members = new Set(
    [...ring.successors, ...ring.predecessors, ...peers.filter(({ state }) => state === 'up')].map(({ id }) => id),
  )
  ctx.fillStyle = 'green'
  for (const id of members) mark(ctx, look.glyphs.up, at(placeOf(id)))
  ctx.fillStyle = 'cyan'
  mark(ctx, look.glyphs.self, self)
  return read(widget, { blue: 'dim', magenta: 'busy', green: 'good', cyan: 'accent' }, look)
}

/** Where an id stands, in turns. */
export const placeOf = (id: string): number => Number.parseInt(id.slice(0, 8), 16) / 2 ** 32 || 0

function stroke(ctx: Context, points: readonly (readonly [number, number])[]): void {
  ctx.beginPath()
  for (const [index, [x, y]] of points.entries()) {
    if (index === 0) ctx.moveTo(x, y)
    ctx.lineTo(x, y)
  }
  ctx.stroke()
}

function mark(ctx: Context, glyph: string, [x, y]: readonly [number, number]): void {
  ctx.fillText(glyph, Math.round(x), Math.round(y))
}
