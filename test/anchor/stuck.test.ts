/** What members ask the files task to keep and never deliver must not stand in the way of what others ask. */
import assert from 'node:assert/strict'
import { test } from 'uvu'
import { api, Scene, type SimAnchor, store } from './scene.js'

const MIB = 1 << 20
/** One more than the files task fetches at once. */
const UNDELIVERED = 9

const underWay = (anchor: SimAnchor): number => anchor.core('files').counts().queued

/** A publisher that asked for copies of large files and is gone before anybody has one of them. */
function deserted(seed: number, quotaMib: number) {
  const scene = new Scene(seed)
  const anchor = scene.addAnchor(quotaMib * MIB)
  const peers = scene.addPeers(6)
  scene.settled()
  const [publisher, other] = peers
  assert.ok(publisher && other)
  const { world } = scene
  for (let file = 0; file < UNDELIVERED; file++) {
    publisher.files.put(`/home/large ${file}`, 64 * MIB, file)
    world.act(() =>
      api(publisher).store(
        `/home/large ${file}`,
        {},
        () => {},
        () => {},
      ),
    )
  }
  world.until(() => underWay(anchor) === UNDELIVERED, '60 s', 'the anchor to accept all')
  world.kill(publisher)
  return { scene, anchor, other, world }
}

test('copies that nobody can deliver do not keep others from being made', () => {
  const { scene, anchor, other, world } = deserted(41, 1024)
  world.run('5 s')
  store(scene, other, 'film', 2, 99)
  world.until(() => anchor.core('files').counts().known === 1, '120 s', 'a copy of what can be had')
})

test('nor do they take the room of others', () => {
  const { scene, anchor, other, world } = deserted(42, UNDELIVERED * 64)
  world.run('5 s')
  store(scene, other, 'film', 2, 99)
  world.until(() => anchor.core('files').counts().known === 1, '600 s', 'a copy of what can be had')
})

test.run()
