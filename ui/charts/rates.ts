/** What happened in the last two minutes: traffic down and up, hashes tried. */
import type { Look } from '../look.js'
import { RATE_SECONDS, type RateSample } from '../rates.js'
import type { Line } from '../text/line.js'
import type { Contrib } from './contrib.js'
import { type Axes, drawLines, labelsFor, niceStep } from './lines.js'

/** A still network has an axis, too, and whole numbers on it. */
const LEAST_PEAK = 10
/** From this width on blessed-contrib puts a label to every half minute. */
const HALF_MINUTES_FROM = 32
const SCALES = [
  ['', 1],
  ['k', 1e3],
  ['M', 1e6],
  ['G', 1e9],
  ['T', 1e12],
] as const

export function drawRates(
  contrib: Contrib,
  samples: readonly RateSample[],
  width: number,
  height: number,
  look: Look,
): readonly Line[] {
  const { glyphs } = look
  const up = padded(samples, (sample) => sample.up)
  const down = padded(samples, (sample) => sample.down)
  const { axes, scale } = overTime(peakOf(samples), width, height)
  const scaled = (values: readonly number[]) => values.map((value) => value / scale)
  return drawLines(
    contrib,
    [
      { mark: glyphs.outgoing, colour: 'cyan', values: scaled(up) },
      { mark: glyphs.incoming, colour: 'green', values: scaled(down) },
    ],
    axes,
    width,
    height,
    look,
  )
}

export function drawHashRate(
  contrib: Contrib,
  samples: readonly RateSample[],
  width: number,
  height: number,
  look: Look,
): readonly Line[] {
  const { axes, scale } = overTime(hashPeakOf(samples), width, height)
  const values = padded(samples, ({ hashRate }) => hashRate / scale)
  return drawLines(contrib, [{ mark: look.glyphs.busy, colour: 'green', values }], axes, width, height, look)
}

/** The unit in which the highest of these rates reads best, for the title. */
export const rateUnit = (samples: readonly RateSample[]): string => `${scaleOf(peakOf(samples))[0]}B/s`
export const hashRateUnit = (samples: readonly RateSample[]): string => `${scaleOf(hashPeakOf(samples))[0]}H/s`

const peakOf = (samples: readonly RateSample[]): number =>
  samples.reduce((peak, { down, up }) => Math.max(peak, down, up), LEAST_PEAK)
const hashPeakOf = (samples: readonly RateSample[]): number =>
  samples.reduce((peak, { hashRate }) => Math.max(peak, hashRate), LEAST_PEAK)

function scaleOf(peak: number): (typeof SCALES)[number] {
  return [...SCALES].reverse().find(([, scale]) => peak >= scale) ?? SCALES[0]
}

function overTime(peak: number, width: number, height: number): { readonly axes: Axes; readonly scale: number } {
  const [, scale] = scaleOf(peak)
  const labels = labelsFor(height)
  const x = Array.from({ length: RATE_SECONDS }, (_, index) => ago(RATE_SECONDS - index))
  const to = niceStep((peak / scale) * 1.05, labels) * labels
  return { axes: { x, labelEvery: width < HALF_MINUTES_FROM ? 60 : 30, from: 0, to, labels }, scale }
}

/** Always the whole window, so that the line moves and is never stretched. */
function padded(samples: readonly RateSample[], of: (sample: RateSample) => number): readonly number[] {
  const values = samples.slice(-RATE_SECONDS).map(of)
  return [...Array<number>(RATE_SECONDS - values.length).fill(0), ...values]
}

const ago = (seconds: number): string => `-${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
