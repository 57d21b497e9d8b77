/** Random joins, departures, deaths, restarts, delays and partitions; afterwards there must be one ideal ring. */
import assert from 'node:assert'
import { test } from 'uvu'
import { World } from './world.js'

const FIRST_SEED = 1_000
const SEEDS = 100
const STEPS = 20
const HEALED_MS = 10_000
const SETTLED_MS = 4_000

function scenario(seed: number): World {
  const world = new World({
    seed,
    loss: [0, 0, 0.02, 0.1][seed % 4]!,
    latencyMs: [1, 5 + (seed % 80)],
    udp: seed % 5 !== 0,
  })
  const calm = { latencyMs: world.latencyMs }
  for (let index = 0; index < 4 + (seed % 9); index++) {
    world.add()
    world.run(world.random() * 300)
  }
  for (let step = 0; step < STEPS; step++) {
    const dice = world.random()
    if (dice < 0.3) world.add()
    else if (dice < 0.45 && world.alive().length > 2) world.leave(world.any())
    else if (dice < 0.7 && world.alive().length > 2) world.kill(world.any())
    else if (dice < 0.8) restart(world)
    else if (dice < 0.88) world.latencyMs = [50, 600]
    else if (dice < 0.96) world.partition(() => (world.random() < 0.5 ? 0 : 1))
    world.run(100 + world.random() * 700)
    if (dice >= 0.8) {
      world.latencyMs = calm.latencyMs
      world.heal()
    }
  }
  world.loss = 0
  world.latencyMs = [1, 10]
  return world
}

function restart(world: World): void {
  const dead = world.nodes.filter((node) => !node.alive)
  const node = dead[Math.floor(world.random() * dead.length)]
  if (node !== undefined) world.add(node.id)
}

test(`${SEEDS} seeds of everything at once end in one ideal ring with right lookups`, () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
    const world = scenario(seed)
    try {
      world.until('ideal ring', HEALED_MS, world.ideal)
      // questions asked before the calm may still end in a false death
      world.run(SETTLED_MS)
      world.until('ideal ring', HEALED_MS, world.ideal)
      world.checkLookups(10)
      world.run(SETTLED_MS)
      assert(world.ideal(), `does not stay ideal: ${world.describe()}`)
      for (const node of world.nodes) assert.deepEqual(node.blamed, [])
    } catch (error) {
      throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : error}`, { cause: error })
    }
  }
})

test('the same seed runs the same way twice', () => {
  const [one, other] = [scenario(7), scenario(7)]
  assert.equal(one.events, other.events)
  assert.equal(one.hash, other.hash)
  assert.notEqual(one.hash, scenario(8).hash)
})

test.run()
