/** Members that lie about tasks, and anchors that break the rules of task links: they gain nothing. */
import assert from 'node:assert/strict'
import { test } from 'uvu'
import type { Message } from '../../wire/messages.js'
import type { Address } from '../../wire/types.js'
import type { SimLink } from '../sim/link.js'
import { api, request, Scene, store } from './scene.js'

test('an anchor that names the addresses of another peer as its tasks gets no link there, and files go on without it', () => {
  const scene = new Scene(31)
  const { world } = scene
  const [victim] = scene.addPeers(1, [])
  assert.ok(victim)
  const [address] = victim.setup.listen as readonly Address[]
  assert.ok(address)
  const [one, two] = scene.addPeers(4, [address])
  assert.ok(one && two)
  const liar = scene.addAnchor(undefined, address)
  world.run('20 s')
  for (const node of scene.peers) {
    const view = api(node)
      .peers()
      .find(({ id }) => id === liar.id)
    assert.equal(view?.state, 'up', 'its control link is as good as any')
    assert.deepEqual(
      view?.tasks.map(({ up }) => up),
      [false, false],
    )
    const others = api(node)
      .peers()
      .filter(({ id, state }) => id !== liar.id && state === 'up')
    assert.equal(others.length, 4, 'all others stay linked, the victim too')
  }
  store(scene, one, 'film', 2, 1)
  request(scene, two, 'film')
  assert.deepEqual(world.network.violations, [])
})

test('false anchors do not keep a true one out, however many there are', () => {
  const scene = new Scene(33)
  const { world } = scene
  const [victim] = scene.addPeers(1, [])
  const [address] = (victim?.setup.listen ?? []) as readonly Address[]
  assert.ok(victim && address)
  for (let liar = 0; liar < 18; liar++) scene.addAnchor(undefined, address)
  world.run('10 s')
  const honest = scene.addAnchor()
  scene.addPeers(2, [address])
  const hasLinks = (node: (typeof scene.peers)[number]): boolean =>
    api(node)
      .peers()
      .some(({ id, tasks }) => id === honest.id && tasks.every(({ up }) => up))
  world.until(() => scene.peers.every(hasLinks), '60 s', 'links with the tasks of the true one')
})

/** Whatever this task's process sends over settled links becomes something else. */
function replacing(scene: () => Scene, task: 'manifests' | 'files', replacement: Message) {
  const isItsLink = (link: SimLink): boolean =>
    scene().anchors[0]?.nodes.get(task)?.life?.process === link.process && link.service === task
  return {
    outgoing: (link: SimLink, message: Message) =>
      isItsLink(link) && message.type === 'nameListGet' ? replacement : message,
    incoming: () => {},
  }
}

test('what has no place on a task link cuts its anchor off', () => {
  const scene: Scene = new Scene(32, { tamper: replacing(() => scene, 'manifests', { type: 'finAck' }) })
  const anchor = scene.addAnchor()
  const peers = scene.addPeers(3)
  const { world } = scene
  const cut = (): boolean =>
    peers.every((node) => node.log.some(({ text }) => /anchor-0 is cut off: finAck/.test(text)))
  world.until(cut, '30 s', 'all to cut the anchor off')
  for (const node of peers)
    assert.ok(
      !api(node)
        .peers()
        .some(({ id, state }) => id === anchor.id && state === 'up'),
    )
})

test('names whose manifests nobody delivers do not keep an anchor from the manifests that it missed', () => {
  const UNDELIVERED = 300 // more than are asked for at once
  const scene: Scene = new Scene(34, {
    tamper: {
      outgoing: (link: SimLink, message: Message) =>
        message.type === 'manifestPut' && liar?.life?.process === link.process
          ? { type: 'pong', sequence: 0 }
          : message,
      incoming: () => {},
    },
  })
  const { world } = scene
  const anchor = scene.addAnchor()
  const [liar, honest] = scene.addPeers(6)
  assert.ok(liar && honest)
  scene.settled()
  for (let name = 0; name < UNDELIVERED; name++) {
    liar.files.put(`/home/a ${name}`, 1, name)
    world.act(() =>
      api(liar).share(
        `/home/a ${name}`,
        {},
        () => {},
        () => {},
      ),
    )
  }
  const known = (): number => anchor.core('manifests').counts().known
  world.until(() => known() === UNDELIVERED, '60 s', 'the names of the liar')
  anchor.kill('manifests')
  honest.files.put('/home/song', 1, 1)
  scene.wait('share', (done) => api(honest).share('/home/song', {}, () => {}, done))
  anchor.start('manifests')
  world.until(() => known() === UNDELIVERED + 1, '60 s', 'the name of the other')
  const manifests = (): number => [...(anchor.node('manifests').life?.store.entries('manifests') ?? [])].length
  world.until(() => manifests() > 0, '60 s', 'the manifest of the other')
})

test.run()
