// Plays many seeds of the simulator, or one with a trace.
// usage: npm run sim -- [--seeds N] [--from S] [--trace] [--shrink] [--no-build] [storm|churn|ring|power|line|polls|folder]
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'

process.chdir(new URL('..', import.meta.url).pathname)

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: 'string', default: '50' },
    from: { type: 'string', default: '1' },
    trace: { type: 'boolean', default: false },
    shrink: { type: 'boolean', default: false },
    'no-build': { type: 'boolean', default: false },
  },
})
const name = positionals[0] ?? 'storm'
const seeds = Number(values.seeds)
const from = Number(values.from)

if (!values['no-build']) {
  const { status } = spawnSync(process.execPath, ['.ci/build.mjs', '--tests'], { stdio: 'inherit' })
  if (status !== 0) process.exit(1)
}

const load = (module) => import(new URL(`../dist/tree/test/sim/${module}.js`, import.meta.url))
const { FAMILIES, missing, partsOf } = await load('family')
if (!FAMILIES.includes(name) || !Number.isInteger(seeds) || !Number.isInteger(from)) {
  console.error(`usage: npm run sim -- [--seeds N] [--from S] [--trace] [--shrink] [${FAMILIES.join('|')}]`)
  process.exit(2)
}

const started = performance.now()
const parts = partsOf(name).map((part) => ({ part, total: {}, events: 0 }))
const failing = new Set()
/** An interrupted run tells how far it came. */
let played = 0
process.on('SIGINT', () => finish())
process.on('SIGTERM', () => finish())

for (let seed = from; seed < from + seeds; seed++) {
  for (const sum of parts) playOne(sum, seed)
  played++
  // lets a signal in
  await new Promise((resolve) => setImmediate(resolve))
}
finish()

function playOne(sum, seed) {
  const { part, total } = sum
  try {
    const { events, counts } = part.play(seed, values.trace ? (line) => console.log(line) : undefined)
    sum.events += events
    for (const [what, count] of Object.entries(counts)) total[what] = (total[what] ?? 0) + count
    const lacking = missing(part, seed, counts)
    if (lacking !== null) throw new Error(`tested too little: ${lacking}`)
  } catch (error) {
    failing.add(seed)
    console.log(`seed ${seed}, ${part.label}, FAILED: ${error.stack ?? error}`)
    console.log(`  replay: npm run sim -- --seeds 1 --from ${seed} --trace ${name}`)
    if (values.shrink) console.log(JSON.stringify(part.shrink(seed), null, 1))
  }
}

function finish() {
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  let short = false
  for (const { part, total, events } of parts) {
    const counts = Object.entries(total).map(([what, count]) => `${what} ${count}`)
    console.log(`${part.label}: ${played} seeds from ${from}, ${events} events, ${seconds} s; ${counts.join(', ')}`)
    for (const what of part.expected) {
      if ((total[what] ?? 0) > 0) continue
      short = true
      console.log(`no ${what} in any seed`)
    }
  }
  console.log(failing.size === 0 ? 'all passed' : `${failing.size} failed: ${[...failing].join(' ')}`)
  process.exit(failing.size === 0 && !short ? 0 : 1)
}
