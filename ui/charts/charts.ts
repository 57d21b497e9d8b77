/** The pictures of the console, drawn by blessed-contrib from live data; what was just drawn is not drawn again. */
import type { BlockView, Snapshot, TallyView } from '../../src/api.js'
import type { Look } from '../look.js'
import type { RateSample } from '../rates.js'
import type { Line } from '../text/line.js'
import { loadContrib } from './contrib.js'
import { drawDifficulty } from './difficulty.js'
import { remembered } from './memo.js'
import { drawHashRate, drawRates } from './rates.js'
import { drawRing, ringKey } from './ring.js'
import { drawTally } from './tally.js'

/** Lines of that width and height at most; [] where that is too small for the chart. */
type Draw<T> = (data: T, width: number, height: number, look: Look) => readonly Line[]

export interface Charts {
  readonly rates: Draw<readonly RateSample[]>
  readonly hashRate: Draw<readonly RateSample[]>
  readonly difficulty: Draw<readonly BlockView[]>
  readonly tally: Draw<TallyView>
  readonly ring: Draw<Snapshot>
}

/** Slow (see `loadContrib`); throws where blessed-contrib is missing. */
export function loadCharts(): Charts {
  const contrib = loadContrib()
  const chart = <T>(
    draw: (from: typeof contrib, data: T, width: number, height: number, look: Look) => readonly Line[],
    keyOf: (data: T) => unknown,
  ): Draw<T> =>
    remembered<Parameters<Draw<T>>, readonly Line[]>(
      (data, width, height, look) => draw(contrib, data, width, height, look),
      (data, width, height, look) => [keyOf(data), width, height, look],
    )
  return {
    rates: chart(drawRates, (samples) => samples),
    hashRate: chart(drawHashRate, (samples) => samples),
    difficulty: chart(drawDifficulty, (blocks) => blocks.map(({ hash }) => hash).join()),
    tally: chart(drawTally, ({ poll, total, choices }) => `${poll}\n${total}\n${JSON.stringify(choices)}`),
    ring: chart(drawRing, ringKey),
  }
}
