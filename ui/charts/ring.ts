/**
 * The ring as a circle on blessed-contrib's braille canvas: ids are places, clockwise from the top. Ourselves, every known
 * peer, dotted chords to our fingers, and the way of the newest lookup: a full line, its hops numbered in their order, and
 * the key that it looks for.
 * Invariant: everything can be told without colour, and no name stands over a mark or another name.
 */
import type { LookupProgress, PeerView, Snapshot } from '../../src/api.js'
import type { Look } from '../look.js'
import { clean, isNarrow, take } from '../text/cells.js'
import { placeOf } from '../text/circle.js'
import type { Line } from '../text/line.js'
import { type Context, type Contrib, read, type Styles, type Widget } from './contrib.js'

/** blessed-contrib's canvas is six columns narrower than its widget. */
const MARGIN = 6
const STEPS = 72
const MAX_CHORDS = 16
const SMALLEST = { width: 12, height: 6 }
/** From this radius on (dots) names have somewhere to stand. */
const NAMES_FROM = 22
const NAME_CELLS = 14
const DASH = 3
const MAX_HOPS = 35
const STYLES: Styles = { blue: 'dim', magenta: 'busy', green: 'good', cyan: 'accent', red: 'bad' }

type Point = readonly [x: number, y: number]

export function drawRing(
  contrib: Contrib,
  snapshot: Snapshot,
  width: number,
  height: number,
  look: Look,
): readonly Line[] {
  // the canvas wants an even number of columns
  const even = width - (width % 2)
  if (even < SMALLEST.width || height < SMALLEST.height) return []
  const widget = contrib.canvas({ width: even + MARGIN, height })
  const { ctx, canvasSize } = widget
  const centre = { x: canvasSize.width / 2, y: canvasSize.height / 2 }
  const radius = Math.min(centre.x, centre.y) - 3
  const at = (id: string): Point => onCircle(placeOf(id), centre, radius)
  const { ring, lookup } = snapshot
  ctx.strokeStyle = 'blue'
  stroke(
    ctx,
    Array.from({ length: STEPS + 1 }, (_, step) => onCircle(step / STEPS, centre, radius)),
  )
  ctx.strokeStyle = 'magenta'
  for (const finger of ring.fingers.slice(0, MAX_CHORDS)) dotted(ctx, at(ring.id), at(finger.id))
  ctx.strokeStyle = 'cyan'
  const way = wayOf(lookup)
  stroke(ctx, way.map(at))
  const names = new Names(widget, look)
  const marks = marksOf(snapshot, way, look)
  for (const { id, glyph, colour } of marks) names.mark(glyph, colour, at(id))
  if (radius >= NAMES_FROM) for (const { id, name } of marks) names.name(name, at(id), centre.x)
  return read(widget, STYLES, look)
}

/** All that the picture is made from, as values that can be compared. */
export function ringKey({ ring, peers, lookup, status }: Snapshot): string {
  const known = peers.filter(isOnRing)
  const parts = [ring.successors, ring.predecessors, ring.fingers, known].map((list) =>
    list.map(({ id, name }) => `${id} ${name}`).join('\n'),
  )
  const suspects = [...suspectsOf(ring)].join(' ')
  const found =
    lookup === null ? '' : `${lookup.key} ${lookup.name} ${lookup.path.join(' ')} ${lookup.owner} ${lookup.state}`
  return [ring.id, status.name, ...parts, suspects, found].join('\n\n')
}

/** Dedicated anchors and those that nobody can dial are members, but in no ring. */
const isOnRing = ({ state, role, tasks }: PeerView): boolean =>
  state === 'up' && role !== 'dial-out' && tasks.length === 0

/** The peers that a lookup went by, its owner last; [] where it needed no other peer. */
export function wayOf(lookup: LookupProgress | null): readonly string[] {
  if (lookup === null) return []
  const { path, owner } = lookup
  return owner === null || path.at(-1) === owner ? path : [...path, owner]
}

interface Mark {
  readonly id: string
  readonly name: string
  readonly glyph: string
  readonly colour: string
}

/** Neighbours that the ring doubts. */
const suspectsOf = ({ successors, predecessors }: Snapshot['ring']): ReadonlySet<string> =>
  new Set([...successors, ...predecessors].filter(({ state }) => state === 'suspect').map(({ id }) => id))

/** Ourselves, then the hops, then the others, then the key: where two want one place, the first has it. */
function marksOf({ ring, peers, lookup, status }: Snapshot, way: readonly string[], look: Look): readonly Mark[] {
  const { glyphs } = look
  const others = [...ring.successors, ...ring.predecessors, ...peers.filter(isOnRing)]
  const names = new Map([...ring.fingers, ...peers, ...others].map(({ id, name }) => [id as string, name]))
  const marks = new Map<string, Mark>()
  const add = (id: string, glyph: string, colour: string) => {
    if (!marks.has(id)) marks.set(id, { id, name: names.get(id) ?? id.slice(0, 8), glyph, colour })
  }
  marks.set(ring.id, { id: ring.id, name: status.name, glyph: glyphs.self, colour: 'cyan' })
  const last = way.length - 1
  for (const [hop, id] of way.slice(0, MAX_HOPS + 1).entries()) {
    const failed = hop === last && lookup?.state === 'failed'
    add(id, failed ? glyphs.bad : hop.toString(MAX_HOPS + 1), failed ? 'red' : 'cyan')
  }
  const suspects = suspectsOf(ring)
  for (const { id } of others) {
    if (suspects.has(id)) add(id, glyphs.busy, 'magenta')
    else add(id, glyphs.up, 'green')
  }
  if (lookup !== null) marks.set(lookup.key, { id: lookup.key, name: lookup.name, glyph: glyphs.key, colour: 'cyan' })
  return [...marks.values()]
}

/** Puts marks and names on the canvas, each on free cells. */
class Names {
  readonly #widget: Widget
  readonly #look: Look
  readonly #taken = new Set<string>() // at most the cells of the canvas

  constructor(widget: Widget, look: Look) {
    this.#widget = widget
    this.#look = look
  }

  mark(glyph: string, colour: string, [x, y]: Point): void {
    const column = Math.floor(x / 2)
    const row = Math.floor(y / 4)
    if (this.#taken.has(`${column} ${row}`)) return
    this.#write(glyph, colour, column, row)
  }

  /** Outside the circle, beside its mark: whole, else its first word, else not at all. */
  name(text: string, at: Point, middle: number): void {
    const cleaned = clean(text, this.#look)
    if (!isNarrow(cleaned)) return
    for (const shown of [take(cleaned, NAME_CELLS).trim(), cleaned.split(/[- ]/)[0] ?? '']) {
      if (this.#put(shown, at, middle)) return
    }
  }

  #put(shown: string, [x, y]: Point, middle: number): boolean {
    const column = Math.floor(x / 2)
    const row = Math.floor(y / 4)
    const columns = this.#widget.canvasSize.width / 2
    const first = x >= middle ? column + 2 : column - 1 - shown.length
    if (shown === '' || first < 0 || first + shown.length > columns) return false
    for (let cell = first - 1; cell <= first + shown.length; cell++) {
      if (this.#taken.has(`${cell} ${row}`) && cell !== column) return false
    }
    this.#write(shown, 'normal', first, row)
    return true
  }

  #write(text: string, colour: string, column: number, row: number): void {
    const { ctx } = this.#widget
    ctx.fillStyle = colour
    ctx.fillText(text, column * 2, row * 4)
    for (let cell = column; cell < column + text.length; cell++) this.#taken.add(`${cell} ${row}`)
  }
}

const onCircle = (turn: number, { x, y }: { x: number; y: number }, radius: number): Point => [
  x + Math.sin(turn * 2 * Math.PI) * radius,
  y - Math.cos(turn * 2 * Math.PI) * radius,
]

function stroke(ctx: Context, points: readonly Point[]): void {
  ctx.beginPath()
  for (const [index, [x, y]] of points.entries()) {
    if (index === 0) ctx.moveTo(x, y)
    ctx.lineTo(x, y)
  }
  ctx.stroke()
}

/** A dot every few, so that it is told from a full line. */
function dotted(ctx: Context, from: Point, to: Point): void {
  const [fromX, fromY] = from
  const [toX, toY] = to
  const steps = Math.floor(Math.hypot(toX - fromX, toY - fromY) / DASH)
  for (let step = 1; step < steps; step++) {
    const x = fromX + ((toX - fromX) * step) / steps
    const y = fromY + ((toY - fromY) * step) / steps
    stroke(ctx, [
      [x, y],
      [x, y],
    ])
  }
}
