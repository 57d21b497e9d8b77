/**
 * Lines over time by blessed-contrib, on axes that need no rounding. Invariant: which line is which can be told without
 * colour: its mark stands on its newest point, and where there are no colours on several others as well.
 */
import type { Look } from '../look.js'
import type { Line } from '../text/line.js'
import { type Contrib, type LineChart, read, type Styles } from './contrib.js'

export interface Series {
  /** One cell. */
  readonly mark: string
  readonly colour: 'green' | 'cyan'
  readonly values: readonly number[]
}

export interface Axes {
  readonly x: readonly string[]
  /** Every how many values one has its label. */
  readonly labelEvery: number
  readonly from: number
  readonly to: number
  readonly labels: number
}

/** blessed-contrib draws in six columns and two rows less than it is given, and leaves its last row empty. */
const MARGIN = { width: 6, height: 3 }
export const SMALLEST = { width: 24, height: 5 }
const STYLES: Styles = { green: 'in', cyan: 'out' }
/** Dots of the canvas below the axis, and between the axis and a value of zero: as the widget has them. */
const BELOW_AXIS = 11
const ABOVE_AXIS = 2
/** Dots left of the first value. */
const LEFT = 7
/** Marks on a line without colours. */
const MARKS = 4

export function drawLines(
  contrib: Contrib,
  series: readonly Series[],
  axes: Axes,
  width: number,
  height: number,
  look: Look,
): readonly Line[] {
  if (width < SMALLEST.width || height < SMALLEST.height) return []
  const widget = contrib.line({
    width: width + MARGIN.width,
    height: height + MARGIN.height,
    style: { line: 'green', text: 'normal', baseline: 'normal' },
    xLabelPadding: 3,
    xPadding: 5,
    showNthLabel: axes.labelEvery,
    numYLabels: axes.labels,
    minY: axes.from,
    maxY: axes.to,
  })
  const x = axes.x
  widget.setData(series.map(({ mark, colour, values }) => ({ title: mark, x, y: values, style: { line: colour } })))
  const taken = new Set<string>()
  for (const one of series) markLine(widget, one, axes, look, taken)
  return read(widget, STYLES, look).slice(0, height)
}

/** How many labels an axis of that height can have. */
export const labelsFor = (height: number): number => Math.max(2, Math.min(5, Math.floor((height - 2) / 2)))

/** The smallest of 0.1, 0.2, 0.5, 1, 2, 5, 10... of which `count` reach `peak`: labels that need no rounding. */
export function niceStep(peak: number, count: number, least = 0.1): number {
  for (let power = least; power < 1e4; power *= 10) {
    for (const step of [power, 2 * power, 5 * power]) if (step * count >= peak) return step
  }
  return peak / count
}

function markLine(widget: LineChart, { mark, colour, values }: Series, axes: Axes, look: Look, taken: Set<string>) {
  const { ctx, canvasSize } = widget
  const last = values.length - 1
  const places = look.colour
    ? [last]
    : Array.from({ length: MARKS }, (_, part) => last - Math.floor((last / MARKS) * part))
  const depth = canvasSize.height - BELOW_AXIS
  for (const place of places) {
    const value = values[place] ?? axes.from
    if (value <= axes.from) continue
    const y = depth - (depth / (axes.to - axes.from)) * (value - axes.from) - ABOVE_AXIS
    const row = Math.max(0, Math.floor(y / 4))
    let column = Math.floor((LEFT + ((canvasSize.width - LEFT) * place) / values.length) / 2)
    while (taken.has(`${column} ${row}`)) column--
    taken.add(`${column} ${row}`)
    ctx.fillStyle = colour
    ctx.fillText(mark, column * 2, row * 4)
  }
}
