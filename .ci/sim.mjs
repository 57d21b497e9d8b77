// Plays many seeds of the simulator, or one with a trace.
// usage: npm run sim -- [--seeds N] [--from S] [--trace] [--shrink] [--no-build] [storm|churn|power|line|polls]
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
const [{ makePlan, SHAPES }, { play }, { shrink }] = await Promise.all(['plan', 'scenario', 'shrink'].map(load))
if (!(name in SHAPES) || !Number.isInteger(seeds) || !Number.isInteger(from)) {
  console.error(`usage: npm run sim -- [--seeds N] [--from S] [--trace] [--shrink] [${Object.keys(SHAPES).join('|')}]`)
  process.exit(2)
}

const total = {}
const failing = []
const started = performance.now()
let events = 0
for (let seed = from; seed < from + seeds; seed++) {
  const plan = makePlan(name, seed)
  try {
    const played = play(plan, values.trace ? { trace: (line) => console.log(line) } : {})
    events += played.events
    for (const [what, count] of Object.entries(played.counts)) total[what] = (total[what] ?? 0) + count
  } catch (error) {
    failing.push(seed)
    console.log(`seed ${seed} FAILED: ${error.stack ?? error}`)
    console.log(`  replay: npm run sim -- --seeds 1 --from ${seed} --trace ${name}`)
    if (values.shrink) console.log(JSON.stringify(shrink(plan), null, 1))
  }
}
const seconds = (performance.now() - started) / 1000
const counts = Object.entries(total).map(([what, count]) => `${what} ${count}`)
console.log(`${name}: ${seeds} seeds from ${from}, ${events} events, ${seconds.toFixed(1)} s; ${counts.join(', ')}`)
console.log(failing.length === 0 ? 'all passed' : `${failing.length} failed: ${failing.join(' ')}`)
process.exit(failing.length === 0 ? 0 : 1)
