/**
 * The ring's figures. Static: how many peers a lookup asks with our rules and with classic Chord's in a ring of 2^20, and
 * whether lookups fail with half of a table dead. On virtual time: how soon a ring of 1,024 peers running the real code
 * is right after many of them die at once. At rest: what twelve peers say to each other. Over real UDP, with datagrams
 * lost: how soon processes that freeze or are killed are bypassed, and how often the living are taken for dead.
 * usage: npm run bench -- ring [--exponent <n>] [--lookups <n>] [--peers <n>] [--runs <n>] [--json]
 *   [--udp] [--loss <percent>] [--deaths <n>] [--cycles <n>] [--rings <n>] [--ping-interval <ms>]
 * `--udp`: the real ones only. `--rings` and `--ping-interval` are of the rings whose cycles are counted.
 */

import { mulberry } from '../test/ring/mulberry.js'
import { option } from './support/option.js'
import { type Figure, median, percentile, report } from './support/report.js'
import { halfDead } from './support/ring-half-dead.js'
import { lookUp, mean, quantile } from './support/ring-lookups.js'
import { type Death, repair } from './support/ring-repair.js'
import { rest } from './support/ring-rest.js'
import { CLASSIC, OURS, randomRing } from './support/ring-static.js'
import { cycles } from './support/udp/cycles.js'
import { deaths } from './support/udp/deaths.js'
import { udpRest } from './support/udp/rest.js'

const TABLES = 20
const TABLE_LOOKUPS = 5_000
const AT_REST = 12

type Row = Omit<Figure, 'better'>
const less = (row: Row): Figure => ({ ...row, better: 'less' })

async function hops(exponent: number, lookups: number): Promise<Figure[]> {
  const since = performance.now()
  const ring = randomRing(2 ** exponent, mulberry(exponent))
  const ours = await lookUp(ring, OURS, lookups, 1)
  const tookS = (performance.now() - since) / 1000
  const classic = await lookUp(ring, CLASSIC, lookups, 1)
  const unit = 'peers'
  const where = `2^${exponent} peers`
  return [
    less({ name: `${where}, ${lookups} lookups`, value: tookS, unit: 's', budget: 30, note: 'ring and lookups' }),
    less({ name: 'asked until the owner is named, mean', value: mean(ours), unit, budget: 5 }),
    less({ name: 'asked until the owner is named, p99', value: quantile(ours, 0.99), unit, budget: 6 }),
    less({ name: 'the same, and the owner itself, mean', value: mean(ours) + 1, unit, budget: null }),
    less({ name: 'classic Chord, mean', value: mean(classic), unit, budget: null, note: 'same ring, same keys' }),
    less({ name: 'classic Chord, p99', value: quantile(classic, 0.99), unit, budget: null }),
  ]
}

function halfOfTheTable(peers: number): Figure[] {
  const tables = Array.from({ length: TABLES }, (_, seed) => halfDead(peers, 0.5, TABLE_LOOKUPS, seed + 1))
  const failed = tables.reduce((sum, table) => sum + table.failed, 0)
  const cutOff = tables.reduce((sum, table) => sum + table.cutOff, 0)
  const asked = median(tables.map((table) => table.meanAsked))
  const note = `${TABLES} tables of ${TABLE_LOOKUPS} lookups, ${cutOff} peers without a living successor`
  return [
    less({ name: `half of ${peers} dead, lookups failed`, value: failed, unit: 'lookups', budget: 0, note }),
    less({ name: 'asked with half of the table dead, mean', value: asked, unit: 'peers', budget: null }),
  ]
}

/**
 * A budget stands where the figure is promised. Silent deaths have none: datagrams tell of those next to us
 * only, so a run of dead takes longer than one.
 */
function repairs(peers: number, runs: number): Figure[] {
  const cases: readonly { death: Death; share: number; budgetMs: number | null }[] = [
    { death: 'exit', share: 0.1, budgetMs: 1_300 },
    { death: 'exit', share: 0.5, budgetMs: 2_500 },
    { death: 'silence', share: 0.1, budgetMs: null },
    { death: 'silence', share: 0.5, budgetMs: null },
  ]
  return cases.flatMap(({ death, share, budgetMs }) => {
    const healed = Array.from({ length: runs }, (_, seed) => repair({ peers, share, death, seed: seed + 1 }))
    const closed = healed.map(({ closedMs }) => closedMs)
    const name = `${share * 100} % of ${peers} ${death === 'exit' ? 'killed' : 'silent'} at once`
    const ideal = `all lists ${Math.max(...healed.map(({ idealMs }) => idealMs))} ms, virtual`
    return [
      less({ name: `${name}, closed p50`, value: median(closed), unit: 'ms', budget: null }),
      less({ name: `${name}, closed max`, value: Math.max(...closed), unit: 'ms', budget: budgetMs, note: ideal }),
    ]
  })
}

function atRest(): Figure[] {
  const { bytes, ringBytes, messages } = rest(AT_REST, 1)
  const note = `${messages.toFixed(1)} messages a second; without TLS, TCP and IP`
  return [
    less({ name: `${AT_REST} peers at rest, each sends`, value: bytes, unit: 'B/s', budget: null, note }),
    less({ name: 'of which the ring', value: ringBytes, unit: 'B/s', budget: null }),
  ]
}

// ---- real peers on real sockets

/** The default of `--ping-interval`, on which the promise rests. */
const INTERVAL_MS = 500
const BYPASS_MS = 1_500
/** Live neighbours taken for dead in 10,000 cycles. */
const FALSE_DEATHS = 1

const lateness = ({ lagP99Ms, lagMaxMs }: { readonly lagP99Ms: number; readonly lagMaxMs: number }): string =>
  `event loops ${lagP99Ms.toFixed(0)} ms late (p99), ${lagMaxMs.toFixed(0)} ms (max)`

async function realDeaths(freezes: number, loss: number): Promise<Figure[]> {
  const measured = await deaths({ rings: 4, survivors: 5, victims: 3, freezes, intervalMs: INTERVAL_MS, loss })
  const { frozen, killed, falseDeaths, unproven } = measured
  const bypassed = frozen.map(({ bypassedMs }) => bypassedMs)
  const closed = frozen.map(({ closedMs }) => closedMs)
  const ends = killed.map(({ bypassedMs }) => bypassedMs)
  const name = `UDP, ${loss * 100} % lost: frozen, bypassed`
  const note = `${frozen.length} freezes, others taken for dead meanwhile: ${falseDeaths}; ${unproven} deaths beside pairs without datagrams; ${lateness(measured)}`
  const unit = 'ms'
  return [
    less({ name: `${name} p50`, value: median(bypassed), unit, budget: null, note }),
    less({ name: `${name} p99`, value: percentile(bypassed, 0.99), unit, budget: BYPASS_MS }),
    less({ name: `${name} max`, value: Math.max(...bypassed), unit, budget: null }),
    less({ name: 'frozen, both sides right p99', value: percentile(closed, 0.99), unit, budget: null }),
    less({ name: 'frozen, both sides right max', value: Math.max(...closed), unit, budget: null }),
    less({ name: 'killed, bypassed p50', value: median(ends), unit, budget: null, note: `${ends.length} kills` }),
    less({ name: 'killed, bypassed max', value: Math.max(...ends), unit, budget: BYPASS_MS }),
  ]
}

async function realLife(wanted: number, rings: number, intervalMs: number, loss: number): Promise<Figure[]> {
  const measured = await cycles({ rings, peers: AT_REST, cycles: wanted, intervalMs, loss })
  const { misses, suspects, falseDeaths, unproven, seconds } = measured
  const made = `${measured.cycles} cycles of ${intervalMs} ms in ${seconds.toFixed(0)} s`
  const seen = `${misses} misses, ${suspects} suspects, ${falseDeaths} taken for dead`
  const lost = `${(measured.lost * 100).toFixed(2)} % lost, ${unproven} peers beside pairs without datagrams`
  return [
    less({
      name: 'live neighbours taken for dead',
      value: (falseDeaths / measured.cycles) * 10_000,
      unit: 'in 10,000 cycles',
      budget: FALSE_DEATHS,
      note: `${made}: ${seen}; ${lost}; ${lateness(measured)}`,
    }),
  ]
}

async function realRest(): Promise<Figure[]> {
  const { linkBytes, datagramBytes, datagrams } = await udpRest(AT_REST)
  const note = `${datagrams.toFixed(1)} a second; payload, without UDP and IP`
  const unit = 'B/s'
  return [
    less({ name: `${AT_REST} real peers at rest, links of each`, value: linkBytes, unit, budget: null }),
    less({ name: 'its datagrams', value: datagramBytes, unit, budget: null, note }),
    less({ name: 'both', value: linkBytes + datagramBytes, unit, budget: null }),
  ]
}

/** Deaths have the machine to themselves. */
async function real(): Promise<Figure[]> {
  const loss = option('--loss', 5) / 100
  const died = await realDeaths(option('--deaths', 100), loss)
  const life = realLife(option('--cycles', 100_000), option('--rings', 2), option('--ping-interval', 50), loss)
  const lived = await Promise.all([life, realRest()])
  return [...died, ...lived.flat()]
}

async function computed(): Promise<Figure[]> {
  const peers = option('--peers', 1_024)
  return [
    ...(await hops(option('--exponent', 20), option('--lookups', 3_000_000))),
    ...halfOfTheTable(peers),
    ...repairs(peers, option('--runs', 3)),
    ...atRest(),
  ]
}

// an interrupted bench ends its peers, too
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
report('ring', [...(process.argv.includes('--udp') ? [] : await computed()), ...(await real())])
