/** The pictures of the console, drawn by blessed-contrib from live data. */
import type { Snapshot } from '../../src/api.js'
import type { Look } from '../look.js'
import { RATE_SECONDS, type RateSample } from '../rates.js'
import type { Line } from '../text/line.js'
import { loadContrib } from './contrib.js'
import { drawRates } from './rates.js'
import { drawRing } from './ring.js'

export interface Charts {
  rates(samples: readonly RateSample[], width: number, height: number, look: Look): readonly Line[]
  ring(snapshot: Snapshot, width: number, height: number, look: Look): readonly Line[]
}

/** Slow (see `loadContrib`); throws where blessed-contrib is missing. */
export function loadCharts(): Charts {
  const contrib = loadContrib()
  return {
    rates: (samples, width, height, look) => drawRates(contrib, padded(samples), width, height, look),
    ring: (snapshot, width, height, look) => drawRing(contrib, snapshot, width, height, look),
  }
}

const NOTHING: RateSample = { down: 0, up: 0 }

/** Always the whole window, so that the line moves and is never stretched. */
function padded(samples: readonly RateSample[]): readonly RateSample[] {
  return [...Array<RateSample>(Math.max(0, RATE_SECONDS - samples.length)).fill(NOTHING), ...samples]
}
