/**
 * Two dedicated anchors and peers while tasks and peers die, freeze and come back at random times. Afterwards every
 * acknowledged name is at both anchors with its manifest, what still exists can be fetched, and nobody was blamed.
 */
import assert from 'node:assert/strict'
import { test } from 'uvu'
import { TASKS } from '../../src/anchor/task.js'
import { Random } from '../sim/random.js'
import { api, request, Scene, type SimAnchor, store } from './scene.js'

const SEEDS = [1, 2, 3, 4, 5, 6]
const ROUNDS = 8

function disturb(scene: Scene, anchor: SimAnchor, random: Random): void {
  const { world } = scene
  const task = TASKS[random.int(TASKS.length)] ?? 'files'
  const node = anchor.node(task)
  const forMs = 500 + random.int(8000)
  if (random.next() < 0.3) {
    world.freeze(node)
    world.at(world.now + forMs, 'thaw', () => world.thaw(node))
  } else {
    world.kill(node)
    world.at(world.now + forMs, 'start', () => world.start(node))
  }
}

for (const seed of SEEDS) {
  test(`nothing that was acknowledged is lost, seed ${seed}`, () => {
    const scene = new Scene(100 + seed)
    const { world } = scene
    const random = new Random(seed, 77)
    const anchors = [scene.addAnchor(), scene.addAnchor(12 << 20)]
    const peers = scene.addPeers(5)
    scene.settled('60 s')
    for (let round = 0; round < ROUNDS; round++) {
      for (const anchor of anchors) {
        if (random.next() < 0.6 && TASKS.every((task) => anchor.node(task).awake)) disturb(scene, anchor, random)
      }
      const node = peers[random.int(peers.length)]
      assert.ok(node)
      store(scene, node, `file ${round}`, 1 + random.int(4), 10 * seed + round)
      world.run(random.int(4000))
    }
    world.run('10 s') // all that was disturbed is back
    scene.settled('90 s')
    for (const anchor of anchors) {
      const known = (): number => anchor.core('manifests').counts().known
      world.until(() => known() === ROUNDS, '90 s', 'all names at each anchor')
      for (let round = 0; round < ROUNDS; round++) {
        const { chunks } = anchor.manifest(`file ${round}`)
        assert.ok(chunks.length > 0 && chunks.every(({ holders }) => holders.length >= 2), `holders of file ${round}`)
      }
    }
    const [roomy] = anchors
    world.until(() => roomy?.core('files').counts().known === ROUNDS, '120 s', 'a copy of all where there is room')
    for (const node of peers) world.kill(node)
    world.run('5 s')
    const [newcomer] = scene.addPeers(1)
    assert.ok(newcomer)
    world.until(
      () =>
        api(newcomer)
          .peers()
          .filter(({ tasks }) => tasks.some(({ up }) => up)).length === 2,
      '60 s',
      'anchors',
    )
    for (let round = 0; round < ROUNDS; round++) request(scene, newcomer, `file ${round}`)
    assert.deepEqual(world.network.violations, [])
  })
}

test.run()
