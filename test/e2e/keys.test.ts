// Random keys and resizes on the console of a real peer that has a network: it stays whole, and the peer with it.
// SEED=n plays one seed again, KEYS=n so many keys.
import assert from 'node:assert'
import { suite } from 'uvu'
import type { StatusView } from '../../src/api.js'
import { anyInput, anySize, comeHome, randomOf } from '../ui/random-input.js'
import { type Cluster, inCluster, PROGRAM } from './cluster.js'
import { Terminal } from './terminal.js'

const test = suite('keys')
const READY = /1 peer[\s\S]*: types a command/
const KEYS = Number(process.env.KEYS ?? 600)
const SEED = Number(process.env.SEED ?? 77)
const BURST = 60
const SETTLE_MS = 60_000
/** Time for a picture to be made and sent. */
const PICTURE_MS = 150
const PAINT_ANEW = '\u000c'

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/** What stands there is what a whole new painting shows: nothing is torn. The network may change it in between, so try again. */
async function whole(terminal: Terminal, when: string): Promise<void> {
  for (const end = Date.now() + SETTLE_MS; Date.now() < end; ) {
    await wait(PICTURE_MS)
    const before = terminal.screen
    const written = terminal.output.length
    terminal.type(PAINT_ANEW)
    await terminal.until(() => terminal.output.length > written)
    await wait(PICTURE_MS)
    if (terminal.screen === before) return
  }
  assert.fail(`${when}: the screen is torn:\n${terminal.screen}`)
}

async function play(cluster: Cluster, terminal: Terminal): Promise<void> {
  const below = randomOf(SEED)
  await terminal.until(READY)
  for (let key = 0; key < KEYS; ) {
    for (const end = key + BURST; key < end; key++) {
      if (below(20) > 0) terminal.type(anyInput(below))
      else terminal.resize(...anySize(below, terminal))
      if (key % 4 === 0) await wait(5)
    }
    // an unfinished paste would take Ctrl-L for its own
    terminal.type('\u001b[201~')
    await whole(terminal, `SEED=${SEED}, key ${key}`)
  }
  terminal.resize(80, 24)
  await whole(terminal, `SEED=${SEED}, at the end`)
  await comeHome(terminal)
  assert.strictEqual((await cluster.json<StatusView>(['status'], { on: 'eve' })).name, 'eve')
}

test(
  `random keys and sizes (seed ${SEED}) on a real peer: no crash, nothing torn, and q leaves`,
  inCluster(async (cluster) => {
    await cluster.startAll(['ada'])
    const terminal = new Terminal([PROGRAM, '--name', 'eve'], { cwd: cluster.folder('eve'), env: cluster.env })
    try {
      await play(cluster, terminal)
      terminal.type('q')
      assert.strictEqual(await terminal.end(), 0, terminal.screen)
      assert.deepStrictEqual(terminal.leftOn, [])
    } finally {
      await terminal.close()
    }
  }),
)

test.run()
