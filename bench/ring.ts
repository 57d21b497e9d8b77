/**
 * The ring's figures. Static: how many peers a lookup asks with our rules and with classic Chord's in a ring of 2^20, and
 * whether lookups fail with half of a table dead. On virtual time: how soon a ring of 1,024 peers running the real code
 * is right after many of them die at once. At rest: what twelve peers say to each other.
 * usage: npm run bench -- ring [--exponent <n>] [--lookups <n>] [--peers <n>] [--runs <n>] [--json]
 */

import { mulberry } from '../test/ring/mulberry.js'
import { option } from './support/option.js'
import { type Figure, median, report } from './support/report.js'
import { halfDead } from './support/ring-half-dead.js'
import { lookUp, mean, quantile } from './support/ring-lookups.js'
import { type Death, repair } from './support/ring-repair.js'
import { rest } from './support/ring-rest.js'
import { CLASSIC, OURS, randomRing } from './support/ring-static.js'

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

// ---- deaths over real loopback UDP: their figures belong here, from a part of their own in support/

const runs = option('--runs', 3)
const peers = option('--peers', 1_024)
report('ring', [
  ...(await hops(option('--exponent', 20), option('--lookups', 3_000_000))),
  ...halfOfTheTable(peers),
  ...repairs(peers, runs),
  ...atRest(),
])
