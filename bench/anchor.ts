/**
 * A dedicated anchor of real processes: joins a second against bare handshakes, questions about names against bare pings,
 * memory per known peer, and real peers around it that get to know each other. On virtual time: how soon a newcomer is in
 * everybody's list, and how soon a crowd that joins in one instant knows all.
 * usage: npm run bench -- anchor [--joins <n>] [--names <n>] [--questions <n>] [--peers <n>] [--listed <n>] [--crowd <n>]
 *   [--only joins|questions|peers|list|crowd] [--json]
 */
import { load } from './support/anchor/clock.js'
import { crowd, pushed } from './support/anchor/crowd.js'
import { fifty } from './support/anchor/fifty.js'
import { joins } from './support/anchor/joins.js'
import { questions } from './support/anchor/questions.js'
import { withAnchor } from './support/anchor/started.js'
import { option } from './support/option.js'
import { type Figure, report } from './support/report.js'

const SEED = 1
const NEWCOMERS = 20
/** What is promised. */
const PUSHED_MS = 200
const CONVERGED_S = 10
const NEWCOMER_MS = 1_000

type Row = Omit<Figure, 'better' | 'budget'> & { readonly budget?: number }
const less = (row: Row): Figure => ({ budget: null, ...row, better: 'less' })
const more = (row: Row): Figure => ({ budget: null, ...row, better: 'more' })

async function joining(): Promise<Figure[]> {
  const count = option('--joins', 1_000)
  const measured = await withAnchor((started) => joins(started, count))
  const { perSecond, firstPerSecond, lastPerSecond, cpuMs, handshakesPerSecond } = measured
  const pace = `${count} joins, the first tenth ${firstPerSecond.toFixed(0)} a second, the last ${lastPerSecond.toFixed(0)}`
  return [
    more({ name: 'joins of one anchor, 16 at once', value: perSecond, unit: '1/s', note: `${pace}; ${load()}` }),
    more({ name: 'bare TLS-PSK handshakes', value: handshakesPerSecond, unit: '1/s', note: 'two processes, too' }),
    more({ name: 'joins to handshakes', value: perSecond / handshakesPerSecond, unit: 'x' }),
    less({ name: 'processor time of a join', value: cpuMs, unit: 'ms', note: 'admission, all threads' }),
    less({
      name: 'memory for 1,000 known peers',
      value: measured.megabytesPerThousand,
      unit: 'MB',
      note: 'of admission',
    }),
    less({
      name: 'for 1,000 linked ones, more',
      value: measured.megabytesPerThousandLinked,
      unit: 'MB',
      note: 'from 256',
    }),
  ]
}

async function asking(): Promise<Figure[]> {
  const measured = await withAnchor((started) =>
    questions(started, option('--names', 1_000), option('--questions', 100_000)),
  )
  const { names, asked, perSecond, p99Ms, aloneP99Ms, pingsPerSecond, storedPerSecond } = measured
  const note = `${asked} about ${names} names, 24 links, 4 under way on each; ${load()}`
  return [
    more({ name: 'questions to manifests', value: perSecond, unit: '1/s', note }),
    less({ name: 'their answers, p99', value: p99Ms, unit: 'ms', note: 'with all of them under way' }),
    less({ name: 'one at a time, p99', value: aloneP99Ms, unit: 'ms' }),
    more({ name: 'pings over the same links', value: pingsPerSecond, unit: '1/s' }),
    more({ name: 'questions to pings', value: perSecond / pingsPerSecond, unit: 'x' }),
    more({ name: 'names stored, durably', value: storedPerSecond, unit: '1/s', note: '64 under way on one link' }),
  ]
}

async function peers(): Promise<Figure[]> {
  const count = option('--peers', 50)
  const measured = await withAnchor((started) => fifty(started, count))
  const { startedS, convergedS, newcomerKnowsMs, allKnowNewcomerMs } = measured
  const note = `after the last ready; started in ${startedS.toFixed(0)} s; ${load()}`
  return [
    less({ name: `${count} peers see each other`, value: convergedS, unit: 's', budget: CONVERGED_S, note }),
    less({
      name: 'one more sees them all',
      value: newcomerKnowsMs,
      unit: 'ms',
      budget: NEWCOMER_MS,
      note: 'after ready',
    }),
    less({ name: 'all see it', value: allKnowNewcomerMs, unit: 'ms', note: 'after its ready: the push to real peers' }),
  ]
}

function list(): Figure[] {
  const measured = pushed(option('--listed', 50), NEWCOMERS, SEED)
  const name = `a newcomer is known to ${measured.peers}`
  const note = `virtual, from its first SYN, the slowest of ${NEWCOMERS}`
  return [less({ name, value: Math.max(...measured.toAllMs), unit: 'ms', budget: PUSHED_MS, note })]
}

function crowds(): Figure[] {
  const { peers: count, knownMs, cpuSeconds } = crowd(option('--crowd', 200), SEED)
  const note = `virtual, on 4 machines; cost ${cpuSeconds.toFixed(0)} s of processor time`
  return [less({ name: `${count} that join at once all know all`, value: knownMs, unit: 'ms', note })]
}

const parts: Readonly<Record<string, () => Figure[] | Promise<Figure[]>>> = {
  joins: joining,
  questions: asking,
  peers,
  list,
  crowd: crowds,
}

// an interrupted bench ends its peers, too
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
const only = process.argv.includes('--only') ? process.argv[process.argv.indexOf('--only') + 1] : undefined
const chosen = Object.entries(parts).filter(([name]) => only === undefined || name === only)
if (chosen.length === 0) throw new Error(`--only takes ${Object.keys(parts).join(', ')}`)
const figures: Figure[] = []
for (const [, part] of chosen) figures.push(...(await part()))
report('anchor', figures)
