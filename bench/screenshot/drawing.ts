/**
 * Collects the shapes of a screen and writes them as few paths: one for each way of drawing and colour. Lines that go on in
 * the next cell, and blocks beside each other, become one.
 */
import type { Screen } from './cells.js'
import { CELL, type Shape, shapesOf } from './drawn.js'
import type { Colour } from './palette.js'

interface Segment {
  readonly x: number
  readonly y: number
  length: number
}

interface Bar extends Segment {
  readonly height: number
}

/** Everything of one colour. */
class Layer {
  readonly across: Segment[] = []
  readonly down = new Map<number, Segment>() // one for each x: the newest, the others are in `ended`
  readonly ended: Segment[] = []
  readonly bars = new Map<number, Bar[]>() // by opacity
  strokes = ''
  fills = ''
  dots = ''
}

export function drawingOf({ lines }: Screen): string {
  const layers = new Map<Colour, Layer>()
  for (const [row, cells] of lines.entries()) {
    for (const { column, text, style } of cells) {
      const shapes = shapesOf(text)
      if (shapes === null) continue
      const layer = layers.get(style.colour) ?? new Layer()
      layers.set(style.colour, layer)
      for (const shape of shapes) add(layer, shape, column * CELL.width, row * CELL.height)
    }
  }
  return [...layers].map(([colour, layer]) => written(layer, colour)).join('')
}

/** Grounds that differ from the screen's. */
export function groundsOf({ lines }: Screen): string {
  const layers = new Map<Colour, Bar[]>()
  for (const [row, cells] of lines.entries()) {
    for (const { column, width, style } of cells) {
      if (style.ground === null) continue
      const bars = layers.get(style.ground) ?? []
      layers.set(style.ground, bars)
      lengthen(bars, column * CELL.width, row * CELL.height, width * CELL.width, CELL.height)
    }
  }
  return [...layers].map(([colour, bars]) => `<path fill="${colour}" d="${bars.map(barPath).join('')}"/>\n`).join('')
}

function add(layer: Layer, shape: Shape, x: number, y: number): void {
  switch (shape.kind) {
    case 'arms':
      addArms(layer, shape.arms, x, y)
      return
    case 'dots':
      // a line without length has round ends only
      for (const [dx, dy] of shape.dots) layer.dots += `M${x + dx} ${y + dy}h0`
      return
    case 'block': {
      const bars = layer.bars.get(shape.share) ?? []
      layer.bars.set(shape.share, bars)
      lengthen(bars, x + shape.x, y + shape.y, shape.width, shape.height)
      return
    }
    case 'stroke':
      layer.strokes += `M${x + shape.from[0]} ${y + shape.from[1]}${shape.path}`
      return
    case 'fill':
      layer.fills += `M${x + shape.from[0]} ${y + shape.from[1]}${shape.path}`
  }
}

function addArms(layer: Layer, arms: string, x: number, y: number): void {
  const middle = { x: x + CELL.width / 2, y: y + CELL.height / 2 }
  const [left, right] = [arms.includes('l') ? x : middle.x, arms.includes('r') ? x + CELL.width : middle.x]
  const [top, bottom] = [arms.includes('u') ? y : middle.y, arms.includes('d') ? y + CELL.height : middle.y]
  const before = layer.across.at(-1)
  if (right > left && before?.y === middle.y && before.x + before.length === left) before.length += right - left
  else if (right > left) layer.across.push({ x: left, y: middle.y, length: right - left })
  if (bottom === top) return
  const above = layer.down.get(middle.x)
  if (above !== undefined && above.y + above.length === top) above.length += bottom - top
  else {
    if (above !== undefined) layer.ended.push(above)
    layer.down.set(middle.x, { x: middle.x, y: top, length: bottom - top })
  }
}

function lengthen(bars: Bar[], x: number, y: number, width: number, height: number): void {
  const before = bars.at(-1)
  const goesOn = before !== undefined && before.y === y && before.height === height && before.x + before.length === x
  if (goesOn) before.length += width
  else bars.push({ x, y, length: width, height })
}

const barPath = ({ x, y, length, height }: Bar): string => `M${x} ${y}h${length}v${height}h${-length}z`

function written(layer: Layer, colour: Colour): string {
  const across = layer.across.map(({ x, y, length }) => `M${x} ${y}h${length}`)
  const down = [...layer.ended, ...layer.down.values()].map(({ x, y, length }) => `M${x} ${y}v${length}`)
  const lines = [...across, ...down].join('') + layer.strokes
  const parts = [...layer.bars].map(([share, bars]) => {
    const opacity = share === 1 ? '' : ` fill-opacity="${share}"`
    return `<path fill="${colour}"${opacity} d="${bars.map(barPath).join('')}"/>\n`
  })
  if (lines !== '') parts.push(`<path fill="none" stroke="${colour}" d="${lines}"/>\n`)
  if (layer.fills !== '') parts.push(`<path fill="${colour}" d="${layer.fills}"/>\n`)
  if (layer.dots !== '')
    parts.push(`<path stroke="${colour}" stroke-width="2.6" stroke-linecap="round" d="${layer.dots}"/>\n`)
  return parts.join('')
}
