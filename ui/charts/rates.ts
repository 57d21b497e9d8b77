/** Down and up over the last two minutes: blessed-contrib's line chart. */
import type { Look } from '../look.js'
import type { RateSample } from '../rates.js'
import type { Line } from '../text/line.js'
import { type Contrib, read } from './contrib.js'

/** blessed-contrib draws in six columns and two rows less than it is given, and leaves its last row empty. */
const MARGIN = { width: 6, height: 3 }
const SMALLEST = { width: 30, height: 5 }
const LABEL_EVERY_SECONDS = 30
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
  const labels = Math.max(2, Math.min(5, Math.floor((height - 2) / 2)))
  const widget = contrib.line({
    width: width + MARGIN.width,
    height: height + MARGIN.height,
    style: { line: 'green', text: 'normal', baseline: 'normal' },
    xLabelPadding: 3,
    xPadding: 5,
    showNthLabel: LABEL_EVERY_SECONDS,
    numYLabels: labels,
    maxY: niceStep((peak / scale) * 1.05, labels) * labels,
  })
  const x = samples.map((_, index) => label(samples.length - 1 - index))
  widget.setData([
    { title: 'up', x, y: samples.map(({ up }) => up / scale), style: { line: 'cyan' } },
    { title: 'down', x, y: samples.map(({ down }) => down / scale), style: { line: 'green' } },
  ])
  return read(widget, { green: 'in', cyan: 'out' }, look).slice(0, height)
}

/** The unit in which the highest of these rates reads best, for the title. */
export function rateUnit(samples: readonly RateSample[]): string {
  return unitOf(Math.max(1, ...samples.map(({ down, up }) => Math.max(down, up))))[0]
}

function unitOf(peak: number): (typeof UNITS)[number] {
  return [...UNITS].reverse().find(([, scale]) => peak >= scale) ?? UNITS[0]
}

/** The smallest of 0.1, 0.2, 0.5, 1, 2, 5, 10... of which `count` reach `peak`: labels that need no rounding. */
function niceStep(peak: number, count: number): number {
  for (let power = 0.1; power < 1e4; power *= 10) {
    for (const step of [power, 2 * power, 5 * power]) if (step * count >= peak) return step
  }
  return peak / count
}

function label(secondsAgo: number): string {
  const seconds = secondsAgo + 1
  return `-${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
