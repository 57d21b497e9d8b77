/** Down and up over the last two minutes: blessed-contrib's line chart. */
import type { Look } from '../look.js'
import type { RateSample } from '../rates.js'
import type { Line } from '../text/line.js'
import { type Contrib, read } from './contrib.js'

/** blessed-contrib draws in six columns and two rows less than it is given. */
const MARGIN = { width: 6, height: 2 }
const SMALLEST = { width: 30, height: 5 }
const UNITS = [
  ['B/s', 1],
  ['kB/s', 1e3],
  ['MB/s', 1e6],
  ['GB/s', 1e9],
] as const

export function drawRates(
  contrib: Contrib,
  samples: readonly RateSample[],
  width: number,
  height: number,
  look: Look,
): readonly Line[] {
  if (width < SMALLEST.width || height < SMALLEST.height) return []
  const peak = Math.max(1, ...samples.map(({ down, up }) => Math.max(down, up)))
  const [, scale] = unitOf(peak)
  const widget = contrib.line({
    width: width + MARGIN.width,
    height: height + MARGIN.height,
    style: { line: 'green', text: 'normal', baseline: 'normal' },
    xLabelPadding: 3,
    xPadding: 5,
    numYLabels: Math.max(2, Math.min(5, Math.floor(height / 3))),
    maxY: (peak / scale) * 1.1,
  })
  const x = samples.map((_, index) => label(samples.length - 1 - index))
  widget.setData([
    { title: 'up', x, y: samples.map(({ up }) => up / scale), style: { line: 'cyan' } },
    { title: 'down', x, y: samples.map(({ down }) => down / scale), style: { line: 'green' } },
  ])
  return read(widget, { green: 'in', cyan: 'out' }, look)
}

/** The unit in which the highest of these rates reads best, for the title. */
export function rateUnit(samples: readonly RateSample[]): string {
  return unitOf(Math.max(1, ...samples.map(({ down, up }) => Math.max(down, up))))[0]
}

function unitOf(peak: number): (typeof UNITS)[number] {
  return [...UNITS].reverse().find(([, scale]) => peak >= scale) ?? UNITS[0]
}

const label = (secondsAgo: number): string => (secondsAgo === 0 ? 'now' : `-${secondsAgo}s`)
